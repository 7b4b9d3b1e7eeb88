package affinity

import (
	"strings"
	"unicode"
)

// printable replaces what a terminal or a drawing would not show as a
// character, such as a change of the writing direction.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

// columns is the width of text in cells of a terminal or of a monospaced font,
// in which a character of East Asia takes two.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += cells(r)
	}
	return n
}

func cells(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0x1f300 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// clip shortens text in its middle, since names of services tend to differ at
// their ends.
func clip(text string, most int) string {
	if columns(text) <= most {
		return text
	}
	runes := []rune(text)
	head, tail := 0, len(runes)
	for left, fromHead := most-1, true; head < tail; fromHead = !fromHead {
		at := tail - 1
		if fromHead {
			at = head
		}
		if left -= cells(runes[at]); left < 0 {
			break
		}
		if fromHead {
			head++
		} else {
			tail--
		}
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-columns(text)))
}

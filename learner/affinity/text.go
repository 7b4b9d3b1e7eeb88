package affinity

import (
	"strings"
	"unicode"
)

// printable replaces what a terminal would not show as a character, such as a
// change of the writing direction.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

package affinity

import (
	"strings"
	"unicode"
)

// printable replaces characters that a terminal does not show, such as a change
// of the writing direction.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

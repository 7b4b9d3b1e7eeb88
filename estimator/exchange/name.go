package exchange

import (
	"fmt"
	"strings"
)

// maxName is the longest name of an application in bytes: that of the value of a
// Kubernetes label.
const maxName = 63

// FileName returns the name of an application as a file, without an extension.
// Lower-case letters, digits, "-", "_" and dots other than the first character
// stand for themselves; every other byte becomes "%" and its two upper-case hex
// digits, as in URLs. So different applications have different files, also where
// a file system ignores case. An empty name, or one of more than 63 bytes, is an error.
func FileName(application string) (string, error) {
	if application == "" || len(application) > maxName {
		return "", fmt.Errorf("application has a name of %d bytes, want 1 to %d", len(application), maxName)
	}
	var b strings.Builder
	for i := range len(application) {
		switch c := application[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String(), nil
}

package exchange

import (
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	for application, want := range map[string]string{
		"online-boutique": "online-boutique",
		"Shop_v1.2":       "%53hop_v1.2",
		"..":              "%2E.",
		"../etc":          "%2E.%2Fetc",
		"100%":            "100%25",
		"ö":               "%C3%B6",
	} {
		if got, err := FileName(application); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", application, got, err, want)
		}
	}
	for _, application := range []string{"", strings.Repeat("a", 64)} {
		if got, err := FileName(application); err == nil {
			t.Errorf("%q: %q, want an error", application, got)
		}
	}
}

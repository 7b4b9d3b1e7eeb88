package affinity

import (
	"bytes"
	"strings"
	"testing"
)

func TestClip(t *testing.T) {
	for _, tc := range []struct {
		text string
		most int
		want string
	}{
		{"cart", 4, "cart"},
		{"ts-travel-service", 9, "ts-t…vice"},
		{"ts-travel-service", 8, "ts-t…ice"},
		{"服务服务服务", 12, "服务服务服务"},
		{"服务服务服务", 8, "服务…务"},
		{"", 3, ""},
	} {
		if got := clip(tc.text, tc.most); got != tc.want || columns(got) > tc.most {
			t.Errorf("%q in %d columns is %q of %d, want %q", tc.text, tc.most, got, columns(got), tc.want)
		}
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	m := shop()
	m.Services[0] = strings.Repeat("frontend-", 9)
	m.Services[3] = "a\u202eright-to-left" + strings.Repeat("服务", 30)
	for _, width := range []int{44, 60, 80, 200} {
		o := files(t, m, strings.ReplaceAll(strings.ReplaceAll(recorded, "frontend", m.Services[0]), "redis", m.Services[3]))
		var out bytes.Buffer
		if err := o.Run(&out, width); err != nil {
			t.Fatal(err)
		}
		table, _, _ := strings.Cut(out.String(), "\n\n")
		for line := range strings.SplitSeq(table, "\n") {
			if columns(line) > width {
				t.Errorf("%d columns in a terminal of %d: %q", columns(line), width, line)
			}
		}
		if strings.ContainsRune(out.String(), '\u202e') {
			t.Error("a name changes the direction of the terminal")
		}
	}
}

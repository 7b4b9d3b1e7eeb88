package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTail(t *testing.T) {
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "line %d\n", i)
	}
	for _, c := range []struct {
		name, log   string
		first, last string
		count       int
	}{
		{name: "empty", log: ""},
		{name: "blank lines", log: "\n \r\n\n"},
		{name: "no newline at the end", log: "a\n\nb", first: "a", last: "b", count: 2},
		{name: "more than fits", log: many.String(), first: "line 4985", last: "line 4999", count: 15},
		{name: "long line", log: strings.Repeat("é", 500), first: strings.Repeat("é", 200) + " …", last: strings.Repeat("é", 200) + " …", count: 1},
		{name: "one line longer than is read", log: strings.Repeat("x", 2*tailBytes) + "\nend\n", first: "end", last: "end", count: 1},
		{name: "not UTF-8", log: "a\xffb\n", first: "a?b", last: "a?b", count: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(c.log), 0o600); err != nil {
				t.Fatal(err)
			}
			lines, err := Tail(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(lines) != c.count {
				t.Fatalf("%d lines, want %d: %q", len(lines), c.count, lines)
			}
			if c.count == 0 {
				return
			}
			if diff := cmp.Diff([]string{c.first, c.last}, []string{lines[0], lines[len(lines)-1]}); diff != "" {
				t.Errorf("first and last line (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Tail(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for a log that is not there", err)
	}
}

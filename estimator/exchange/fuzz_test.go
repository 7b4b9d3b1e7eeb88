package exchange

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzDecode checks that what is taken is written again as it was read.
func FuzzDecode(f *testing.F) {
	l, r := list(), report()
	l.Version, r.Version = Version, Version
	for _, v := range []any{l, r} {
		encoded, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Add([]byte(`{"version":1,"applications":null}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		var l, again List
		if decode(content, &l) == nil && l.Validate() == nil {
			checkAgain(t, &l, &again)
		}
		var r, reread Report
		if decode(content, &r) == nil && r.Validate() == nil {
			checkAgain(t, &r, &reread)
		}
	})
}

func checkAgain(t *testing.T, v, again any) {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		// Years beyond 9999 can be read in no notation and so never get here.
		t.Fatal(err)
	}
	if err := decode(encoded, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-read +again)\n%s", diff)
	}
}

// FuzzFileName checks that names stay in their folder and apart from each other.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"shop", "Shop", "online-boutique", "..", "a/b", ".hidden", "a.b_c", "%41", "ö", "con"} {
		f.Add(s, s+".")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := FileName(a)
		if err != nil {
			return
		}
		if strings.ContainsAny(x, "/\\\x00 :") || strings.HasPrefix(x, ".") || len(x) > 3*maxName {
			t.Errorf("%q is the file %q", a, x)
		}
		if y, err := FileName(b); err == nil && a != b && strings.EqualFold(x, y) {
			t.Errorf("%q and %q are the files %q and %q", a, b, x, y)
		}
	})
}

package evaluation

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type part struct {
	Name   string
	Values []float64
	Known  *float64
}

// A part is the same after it was kept, and only the same program with the same key finds it.
func TestPartsAreRecalled(t *testing.T) {
	folder := t.TempDir()
	p, err := OpenParts(folder, "one")
	if err != nil {
		t.Fatal(err)
	}
	zero := 0.0
	want := part{"a", []float64{1, math.NaN(), math.Inf(1)}, &zero}
	if err := p.Keep([]string{"x", "1"}, want); err != nil {
		t.Fatal(err)
	}
	again, err := OpenParts(folder, "one")
	if err != nil {
		t.Fatal(err)
	}
	var got part
	if known, err := again.Recall([]string{"x", "1"}, &got); !known || err != nil {
		t.Fatalf("known %v, error %v", known, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	changed, err := OpenParts(folder, "another")
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*Parts{"another key": again, "another program": changed} {
		key := []string{"x", "1"}
		if other == again {
			key[1] = "2"
		}
		if known, err := other.Recall(key, &got); known || err != nil {
			t.Errorf("%s: known %v, error %v, want neither", name, known, err)
		}
	}
}

func TestPartsRefuseWhatIsBroken(t *testing.T) {
	folder := t.TempDir()
	p, err := OpenParts(folder, "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Keep("x", part{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.cbor"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files are %q, error %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("no"), 0o644); err != nil {
		t.Fatal(err)
	}
	var got part
	if _, err := p.Recall("x", &got); err == nil || !strings.Contains(err.Error(), files[0]+" is no finished part") {
		t.Errorf("error is %v, want the name of the file and what to do", err)
	}
}

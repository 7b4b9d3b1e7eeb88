package imports_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// TestPackagesFollowTheRules applies every rule to every import of the module,
// those of tests included.
func TestPackagesFollowTheRules(t *testing.T) {
	rules := projectRules(t)
	seen := map[string]bool{}
	for _, p := range packages(t) {
		folder := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		top, _, _ := strings.Cut(folder, "/")
		seen[top] = true
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for _, r := range rules {
				if d, refused := r.Refuse(folder, path); refused {
					t.Errorf("%s imports %s, which rule %s of .golangci.yml forbids: %s", p.ImportPath, path, r.Name, d.Why)
				}
			}
		}
	}
	if !seen["estimator"] || !seen["hack"] {
		t.Errorf("go list reported only the parts %v of the project", seen)
	}
}

func packages(t *testing.T) []listed {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	list.Dir = root
	var diagnosis strings.Builder
	list.Stderr = &diagnosis
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, diagnosis.String())
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list printed something else than JSON: %v", err)
		}
		all = append(all, p)
	}
}

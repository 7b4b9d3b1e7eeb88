package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// modelFile is the golden file of the format, a model of shop/cart and shop/web.
const modelFile = "../../estimator/artifact/testdata/golden.safetensors"

func TestGraph(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known.csv")
	if err := os.WriteFile(known, []byte("source,destination\nshop/web,shop/cart\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := execute(t, "graph", "--model-file", modelFile, "--which", "learned-1", "--compare", known)
	if err != nil {
		t.Fatal(err)
	}
	table, rest, _ := strings.Cut(out, "\n\n")
	want := `SOURCE        DESTINATION  WEIGHT  STATUS
shop/web   →  shop/cart    2.0000  known
shop/cart  →  shop/web     0.5000  learned`
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if want := "Jaccard similarity with " + known + ": 0.50\n"; !strings.Contains(rest, want) {
		t.Errorf("no line %q in\n%s", want, rest)
	}
}

func TestGraphHelpSaysWhatAnEdgeIs(t *testing.T) {
	out, err := execute(t, "graph", "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"A[source][destination] above 0", "Jaccard", "--model-file", "--output", "--which", "--min-weight", "--top", "--self-loops", "--compare"} {
		if !strings.Contains(out, want) {
			t.Errorf("help lacks %q", want)
		}
	}
}

func TestGraphRejects(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing given": {nil, "--model-file is required"},
		"two flags":     {[]string{"--top", "-1", "--output", "png"}, "--top is -1"},
		"an argument":   {[]string{modelFile}, "golden.safetensors"},
		"a drawing":     {[]string{"--model-file", modelFile, "--output", "svg"}, "mermaid"},
		"unknown graph": {[]string{"--model-file", modelFile, "--which", "calls"}, `no graph "calls", want one of combined`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(t, append([]string{"graph"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

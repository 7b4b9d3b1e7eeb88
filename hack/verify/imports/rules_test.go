package imports_test

import (
	"os"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/hack/verify/imports"
)

const (
	root   = "../../.."
	module = "github.com/deepscaler/deepscaler"
)

func projectRules(t *testing.T) []imports.Rule {
	t.Helper()
	config, err := os.ReadFile(root + "/.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := imports.Parse(config)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func refusedBy(rules []imports.Rule, folder, path string) []string {
	var names []string
	for _, r := range rules {
		if _, ok := r.Refuse(folder, path); ok {
			names = append(names, r.Name)
		}
	}
	return names
}

// TestDirectionOfImports walks the table of who may import whom: every
// forbidden direction is refused by the rule of the importing part, every
// allowed one by none.
func TestDirectionOfImports(t *testing.T) {
	rules := projectRules(t)
	for _, tt := range []struct{ folder, path, rule string }{
		{"cmd/deepscaler", module + "/adapter", ""},
		{"cmd/deepscaler", module + "/learner", ""},
		{"cmd/deepscaler", module + "/estimator/plan", "cmd"},
		{"cmd/deepscaler", module + "/test/testbed", "cmd"},
		{"cmd/deepscaler", module + "/hack/controlplane", "cmd"},

		{"adapter", module + "/estimator", ""},
		{"adapter/apiserver", module + "/estimator/plan", ""},
		{"adapter", "k8s.io/client-go/rest", ""},
		{"adapter", module + "/cmd/deepscaler", "adapter"},
		{"adapter/apiserver", module + "/learner/dataset", "adapter"},
		{"adapter", module + "/test/testbed", "adapter"},
		{"adapter", module + "/hack/controlplane", "adapter"},
		{"adapter", "gorgonia.org/gorgonia", "adapter"},
		{"adapter", "gorgonia.org/tensor", "adapter"},

		{"estimator/gnn", "gorgonia.org/gorgonia", "estimator"},
		{"learner/autodiff", "gorgonia.org/gorgonia", ""},
		{"estimator/gnn", module + "/estimator/graph", ""},
		{"estimator", module + "/cmd/deepscaler", "estimator"},
		{"estimator/telemetry", module + "/adapter", "estimator"},
		{"estimator", module + "/learner", "estimator"},
		{"estimator/queueing", module + "/test/testbed", "estimator"},
		{"estimator", module + "/hack/controlplane/process", "estimator"},
		{"estimator/plan", "k8s.io/api/autoscaling/v2", "estimator"},
		{"estimator/plan", "sigs.k8s.io/yaml", "estimator"},

		{"learner", module + "/estimator/gnn", ""},
		{"learner", module + "/cmd/deepscaler", "learner"},
		{"learner/dataset", module + "/adapter", "learner"},
		{"learner", module + "/test/lab", "learner"},
		{"learner", module + "/hack/controlplane", "learner"},
		{"learner", "k8s.io/client-go/kubernetes", "learner"},
		{"learner", "sigs.k8s.io/yaml", "learner"},

		{"test/testbed", "k8s.io/client-go/rest", ""},
		{"test/testbed/metrics", module + "/adapter", "testbed"},
		{"test/testbed", module + "/estimator", "testbed"},
		{"test/lab", module + "/estimator", ""},
		{"test/e2e", module + "/hack/controlplane", ""},
		{"hack/demo", module + "/test/testbed", ""},

		{"estimator", "math/rand/v2", ""},
		{"test/lab", "math/rand", "everywhere"},
		{"adapter", "github.com/stretchr/testify/require", "everywhere"},
	} {
		if got := strings.Join(refusedBy(rules, tt.folder, tt.path), ","); got != tt.rule {
			t.Errorf("import of %s in %s is refused by rule %q, want %q", tt.path, tt.folder, got, tt.rule)
		}
	}
}

func TestParseRefusesWhatItCannotApply(t *testing.T) {
	const head = "linters: {settings: {depguard: {rules: {x: "
	for name, config := range map[string]string{
		"no rules":        "linters: {}",
		"not YAML":        "linters: [",
		"strict list":     head + `{list-mode: strict, files: ["${base-path}/a/**"], deny: [{pkg: b}]}}}}}`,
		"allow list":      head + `{list-mode: lax, files: ["${base-path}/a/**"], allow: [c], deny: [{pkg: b}]}}}}}`,
		"nothing denied":  head + `{list-mode: lax, files: ["${base-path}/a/**"]}}}}}`,
		"relative folder": head + `{list-mode: lax, files: ["**/a/**"], deny: [{pkg: b}]}}}}}`,
		"wildcard folder": head + `{list-mode: lax, files: ["${base-path}/a*/**"], deny: [{pkg: b}]}}}}}`,
		"no folder":       head + `{list-mode: lax, files: ["!${base-path}/a/**"], deny: [{pkg: b}]}}}}}`,
	} {
		if rules, err := imports.Parse([]byte(config)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, rules)
		}
	}
}

func TestRefuseLooksAtWholeFolders(t *testing.T) {
	rules, err := imports.Parse([]byte(`linters: {settings: {depguard: {rules: {x: {list-mode: lax,
		files: ["${base-path}/a/**", "!${base-path}/a/b/**"], deny: [{pkg: p, desc: why}, {pkg: q$}]}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		folder, path string
		want         bool
	}{
		{"a", "p", true},
		{"a/c", "p/sub", true},
		{"a/b", "p", false},
		{"a/b/c", "p", false},
		{"ab", "p", false},
		{"z/a", "p", false},
		{"a", "q", true},
		{"a", "q/v2", false},
	} {
		if d, got := rules[0].Refuse(tt.folder, tt.path); got != tt.want {
			t.Errorf("import of %s in %s: refused %t (%q), want %t", tt.path, tt.folder, got, d.Why, tt.want)
		}
	}
}

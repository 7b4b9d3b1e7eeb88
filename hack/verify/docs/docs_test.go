package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/hack/verify/docs"
)

const root = "../../.."

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestGeneratedPartsAreUpToDate(t *testing.T) {
	for path, update := range map[string]func(string) (string, error){
		"docs/configuration.md":              docs.WithExample,
		"docs/metrics.md":                    docs.WithMetrics,
		"manifests/chart/values.schema.json": docs.WithConfigurationSchema,
		"docs/chart.md": func(page string) (string, error) {
			return docs.WithChartValues(page, read(t, "manifests/chart/values.schema.json"), read(t, "manifests/chart/values.yaml"))
		},
	} {
		page := read(t, path)
		want, err := update(page)
		if err != nil {
			t.Fatal(err)
		}
		if page != want {
			t.Errorf("%s is not as the code has it: run make update", path)
		}
		if _, err := update("no markers"); err == nil {
			t.Errorf("%s: a page without markers was accepted", path)
		}
	}
}

// TestNamesAreExplained compares the names that users meet with the page that must
// explain them, in both directions.
func TestNamesAreExplained(t *testing.T) {
	for _, tt := range []struct{ source, page, inSource, inPage string }{
		{"adapter/selfmetrics/*.go adapter/discovery/doc.go adapter/placement/metrics.go learner/sidecar/metrics.go", "docs/metrics.md", `"(deepscaler_[a-z_]+)"`, "(?m)^\\| `(deepscaler_[a-z_]+)`"},
		{"adapter/hpacheck/*.go", "docs/troubleshooting.md", `Reason[A-Za-z]+ += "([A-Za-z]+)"`, "(?m)^\\| `((?:Missing|Invalid|Selector|NotA|Average|Tolerance|Duplicate|ApplicationNot|MinReplicas|ObjectIsNot|APINot)[A-Za-z]+)` \\|.*\\|.*\\|$"},
	} {
		defined, explained := map[string]bool{}, map[string]bool{}
		var files []string
		for source := range strings.FieldsSeq(tt.source) {
			matches, err := filepath.Glob(filepath.Join(root, source))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, matches...)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(tt.inSource).FindAllStringSubmatch(string(source), -1) {
				defined[m[1]] = true
			}
		}
		for _, m := range regexp.MustCompile(tt.inPage).FindAllStringSubmatch(read(t, tt.page), -1) {
			explained[m[1]] = true
		}
		if len(defined) < 5 {
			t.Errorf("found only the names %v in %s", defined, tt.source)
		}
		for name := range defined {
			if !explained[name] {
				t.Errorf("%s does not explain %s", tt.page, name)
			}
		}
		for name := range explained {
			if !defined[name] {
				t.Errorf("%s explains %s, which %s does not define", tt.page, name, tt.source)
			}
		}
	}
}

// TestLinksLeadSomewhere follows every relative link of the pages.
func TestLinksLeadSomewhere(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, matches...)
	}
	links := 0
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(string(content), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if links < 5 {
		t.Errorf("found only %d links", links)
	}
}

// TestTargetsExist looks up every make target of the pages in the Makefile.
func TestTargetsExist(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/development.md", "docs/configuration.md", "docs/design.md", "docs/learning/tutorial.md"} {
		for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(read(t, page), -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s mentions make %s, which the Makefile does not have", page, m[1])
			}
		}
	}
}

// TestTelemetryIsExplained looks up every kind of telemetry error in the page that
// explains what to do.
func TestTelemetryIsExplained(t *testing.T) {
	page := read(t, "docs/troubleshooting.md")
	kinds := 0
	for _, source := range []string{"estimator/telemetry/error.go", "estimator/telemetry/diagnose.go", "estimator/telemetry/plausible.go"} {
		for _, m := range regexp.MustCompile(`\tKind = "(.*)"|[A-Z][a-z]+ +Kind = "(.*)"`).FindAllStringSubmatch(read(t, source), -1) {
			kinds++
			if text := m[1] + m[2]; !strings.Contains(page, "| `"+text+"` |") {
				t.Errorf("docs/troubleshooting.md does not explain %q of %s", text, source)
			}
		}
	}
	if kinds < 20 {
		t.Errorf("found only %d kinds", kinds)
	}
}

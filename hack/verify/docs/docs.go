// Package docs keeps the documentation in step with the code: generated parts
// are up to date, and names from the code are explained.
package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/learner/sidecar"
)

const (
	begin = "<!-- begin adapter/config/example.yaml (make update) -->\n"
	end   = "<!-- end adapter/config/example.yaml -->\n"
)

// WithExample returns the page with the adapter's example configuration between
// its markers.
func WithExample(page string) (string, error) {
	return between(page, begin, end, "\n```yaml\n"+config.Example+"```\n\n")
}

const (
	beginLearner = "<!-- begin metrics of the learner (make update) -->\n"
	endLearner   = "<!-- end metrics of the learner -->\n"
)

// WithLearner returns the page with the table of the learner's metrics between its
// markers.
func WithLearner(page string) (string, error) {
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		for _, c := range sidecar.NewMetrics().Own() {
			c.Describe(descriptions)
		}
	}()
	// The library has no other way to read a description.
	form := regexp.MustCompile(`^Desc{fqName: "([^"]+)", help: "([^"]+)", unit: "[^"]*", constLabels: {}, variableLabels: {([^}]*)}`)
	var rows []string
	for d := range descriptions {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			return "", fmt.Errorf("cannot read the description %s", d)
		}
		labels := ""
		if m[3] != "" {
			labels = "`" + strings.ReplaceAll(m[3], ",", "`, `") + "`"
		}
		rows = append(rows, fmt.Sprintf("| %#q | %s | %s |\n", m[1], labels, strings.TrimSuffix(m[2], ".")))
	}
	slices.Sort(rows)
	return between(page, beginLearner, endLearner, "\n| metric | labels | meaning |\n|---|---|---|\n"+strings.Join(rows, "")+"\n")
}

// between replaces what is between two lines of a page.
func between(page, begin, end, content string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the page lacks the lines %q and %q", begin, end)
	}
	return before + begin + content + end + after, nil
}

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
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
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

// WithMetrics returns the page with the tables of the metrics of adapter and learner
// between their markers.
func WithMetrics(page string) (string, error) {
	for _, of := range []struct {
		name string
		all  []prometheus.Collector
	}{{"adapter", selfmetrics.Own()}, {"learner", sidecar.NewMetrics().Own()}} {
		content, err := table(of.all)
		if err != nil {
			return "", err
		}
		begin := fmt.Sprintf("<!-- begin metrics of the %s (make update) -->\n", of.name)
		if page, err = between(page, begin, fmt.Sprintf("<!-- end metrics of the %s -->\n", of.name), content); err != nil {
			return "", err
		}
	}
	return page, nil
}

// table returns a table of metrics.
func table(all []prometheus.Collector) (string, error) {
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		for _, c := range all {
			c.Describe(descriptions)
		}
	}()
	// The library has no other way to read a description.
	form := regexp.MustCompile(`^Desc{fqName: "([^"]+)", help: "((?:[^"\\]|\\.)+)", unit: "[^"]*", constLabels: {[^}]*}, variableLabels: {([^}]*)}`)
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
		rows = append(rows, fmt.Sprintf("| %#q | %s | %s |\n", m[1], labels, strings.TrimSuffix(strings.ReplaceAll(m[2], `\"`, `"`), ".")))
	}
	slices.Sort(rows)
	return "\n| metric | labels | meaning |\n|---|---|---|\n" + strings.Join(rows, "") + "\n", nil
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

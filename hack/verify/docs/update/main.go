// Command update rewrites the generated parts of the documentation. It runs at
// the top of the checkout.
package main

import (
	"fmt"
	"os"

	"github.com/deepscaler/deepscaler/hack/verify/docs"
)

// Later ones may read earlier ones.
var pages = []struct {
	path   string
	update func(page string) (string, error)
}{
	{"docs/configuration.md", docs.WithExample},
	{"docs/metrics.md", docs.WithMetrics},
	{"manifests/chart/values.schema.json", docs.WithConfigurationSchema},
	{"docs/chart.md", withChartValues},
}

func withChartValues(page string) (string, error) {
	schema, err := os.ReadFile("manifests/chart/values.schema.json")
	if err != nil {
		return "", err
	}
	values, err := os.ReadFile("manifests/chart/values.yaml")
	if err != nil {
		return "", err
	}
	return docs.WithChartValues(page, string(schema), string(values))
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "update:", err)
		os.Exit(1)
	}
}

func run() error {
	for _, page := range pages {
		content, err := os.ReadFile(page.path)
		if err != nil {
			return err
		}
		updated, err := page.update(string(content))
		if err != nil {
			return fmt.Errorf("%s: %w", page.path, err)
		}
		if err := os.WriteFile(page.path, []byte(updated), 0o644); err != nil { //nolint:gosec // documentation is readable for all
			return err
		}
	}
	return nil
}

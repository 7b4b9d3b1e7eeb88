// Command update rewrites the generated parts of the documentation. It runs at
// the top of the checkout.
package main

import (
	"fmt"
	"os"

	"github.com/deepscaler/deepscaler/hack/verify/docs"
)

var pages = []struct {
	path   string
	update func(page string) (string, error)
}{
	{"docs/configuration.md", docs.WithExample},
	{"docs/metrics.md", docs.WithMetrics},
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

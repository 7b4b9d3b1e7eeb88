// Command update rewrites the generated part of the documentation. It runs at
// the top of the checkout.
package main

import (
	"fmt"
	"os"

	"github.com/deepscaler/deepscaler/hack/verify/docs"
)

const page = "docs/configuration.md"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "update:", err)
		os.Exit(1)
	}
}

func run() error {
	content, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	updated, err := docs.WithExample(string(content))
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(updated), 0o644) //nolint:gosec // documentation is readable for all
}

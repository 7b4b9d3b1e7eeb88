// Package docs keeps the documentation in step with the code: generated parts
// are up to date, and names from the code are explained.
package docs

import (
	"fmt"
	"strings"

	"github.com/deepscaler/deepscaler/adapter/config"
)

const (
	begin = "<!-- begin adapter/config/example.yaml (make update) -->\n"
	end   = "<!-- end adapter/config/example.yaml -->\n"
)

// WithExample returns the page with the adapter's example configuration between
// its markers.
func WithExample(page string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the page lacks the lines %q and %q", begin, end)
	}
	return before + begin + "\n```yaml\n" + config.Example + "```\n\n" + end + after, nil
}

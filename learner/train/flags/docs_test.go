package flags

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/learner/train"
)

// TestDocumentedDefaults reads the table of settings in docs/learning/reference.md.
func TestDocumentedDefaults(t *testing.T) {
	page, err := os.ReadFile("../../../docs/learning/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	spec := train.DefaultSpec()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	Add(&spec, func(string) *pflag.FlagSet { return flags })
	// Those whose value stands for something else.
	want := map[string]string{"jitter": fmt.Sprint(train.DefaultJitter), "quantile": "0.5,0.8,0.95"}
	_, section, _ := strings.Cut(string(page), "\n## Settings\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`--[^|]*) \\| ([^|]*) \\|").FindAllStringSubmatch(section, -1) {
		names, values := strings.Split(row[1], ", "), strings.Split(row[2], ", ")
		if len(names) != len(values) {
			t.Errorf("%d defaults for %s", len(values), row[1])
			continue
		}
		for i, name := range names {
			name = strings.Trim(name, "`-")
			f := flags.Lookup(name)
			if f == nil {
				t.Errorf("there is no flag --%s", name)
				continue
			}
			documented++
			expected, ok := want[name]
			if !ok {
				expected = f.DefValue
			}
			if values[i] != expected {
				t.Errorf("--%s is documented as %s by default, it is %s", name, values[i], expected)
			}
		}
	}
	if documented < 15 {
		t.Errorf("%d settings are documented, where is the table?", documented)
	}
}

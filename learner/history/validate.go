package history

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deepscaler/deepscaler/estimator"
)

// Validate reports a window that is no history. Its parts do not fit together, its services are
// not in the order of [estimator.Service.Compare], or a file would not keep one of its names.
func Validate(w *estimator.Window) error {
	if err := w.Validate(); err != nil {
		return err
	}
	for i, s := range w.Services {
		if err := checkService(s); err != nil {
			return err
		}
		if i > 0 && w.Services[i-1].Compare(s) >= 0 {
			return fmt.Errorf("services %q and %q are not sorted or occur twice", w.Services[i-1], s)
		}
	}
	for _, f := range w.Features {
		if err := checkName("feature", string(f)); err != nil {
			return err
		}
	}
	return nil
}

// maxName is the longest name of a service or feature, in bytes. It fits a
// Kubernetes namespace and name with a slash between them.
const maxName = 512

// checkService reports a service that cannot be read back from its text.
func checkService(s estimator.Service) error {
	text := s.String()
	if err := checkName(serviceColumn, text); err != nil {
		return err
	}
	if again, err := estimator.ParseService(text); err != nil {
		return err
	} else if again != s {
		return fmt.Errorf("the name %q of a service has a slash", s.Name)
	}
	return nil
}

// checkName reports a name that a line of CSV does not preserve.
func checkName(kind, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a %s has an empty name", kind)
	case len(name) > maxName:
		return fmt.Errorf("the name of a %s has %d bytes, want at most %d", kind, len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the name %q of a %s is not printable text", name, kind)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("the name %q of a %s has a space at an end", name, kind)
	}
	return nil
}

// sortedServices returns the services, sorted and without duplicates.
func sortedServices(services []estimator.Service) []estimator.Service {
	sorted := slices.Clone(services)
	slices.SortFunc(sorted, estimator.Service.Compare)
	return slices.Compact(sorted)
}

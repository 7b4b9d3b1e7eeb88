// Package imports holds the direction of imports between the parts of the
// project. The rules are those that golangci-lint's depguard enforces file by
// file; this package reads the same rules from .golangci.yml and applies them to
// what `go list` reports, so that the tests alone hold the line, without a linter.
package imports

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Rule forbids the files of a folder to import some packages.
type Rule struct {
	// Name is the rule's name in depguard's settings.
	Name string
	// In and NotIn are folders relative to the top of the project; the rule is for
	// the files below one of In and below none of NotIn. The empty folder is the project.
	In, NotIn []string
	// Deny are package path prefixes; one that ends in $ is a whole path.
	Deny []Denied
}

// Denied is a package that a rule forbids, and why.
type Denied struct {
	Package string `json:"pkg"`
	Why     string `json:"desc"`
}

// Parse reads the depguard rules of a golangci-lint v2 configuration, in the order
// of their names. It returns an error for a rule it does not understand, because a
// rule passed over would seem to hold.
func Parse(config []byte) ([]Rule, error) {
	var file struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct {
						ListMode string   `json:"list-mode"`
						Files    []string `json:"files"`
						Allow    []string `json:"allow"`
						Deny     []Denied `json:"deny"`
					} `json:"rules"`
				} `json:"depguard"`
			} `json:"settings"`
		} `json:"linters"`
	}
	if err := yaml.Unmarshal(config, &file); err != nil {
		return nil, fmt.Errorf("golangci-lint configuration: %w", err)
	}
	var rules []Rule
	for name, r := range file.Linters.Settings.Depguard.Rules {
		if r.ListMode != "lax" || len(r.Allow) > 0 || len(r.Deny) == 0 {
			return nil, fmt.Errorf("depguard rule %s: only a lax list of denied packages is understood here", name)
		}
		rule := Rule{Name: name, Deny: r.Deny}
		for _, pattern := range r.Files {
			list := &rule.In
			if rest, negated := strings.CutPrefix(pattern, "!"); negated {
				pattern, list = rest, &rule.NotIn
			}
			folder, ok := folderOf(pattern)
			if !ok {
				return nil, fmt.Errorf("depguard rule %s: files %q is not of the form ${base-path}/folder/**", name, pattern)
			}
			*list = append(*list, folder)
		}
		if len(rule.In) == 0 {
			return nil, fmt.Errorf("depguard rule %s names no folder", name)
		}
		rules = append(rules, rule)
	}
	if len(rules) == 0 {
		return nil, errors.New("the golangci-lint configuration has no depguard rules")
	}
	slices.SortFunc(rules, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	return rules, nil
}

// Refuse returns the first denied package that covers the import of path by a
// file in folder, which is relative to the top of the project; ok is false when
// the rule allows the import or is not about the folder.
func (r Rule) Refuse(folder, path string) (d Denied, ok bool) {
	below := func(parent string) bool { return within(folder, parent) }
	if !slices.ContainsFunc(r.In, below) || slices.ContainsFunc(r.NotIn, below) {
		return Denied{}, false
	}
	for _, d := range r.Deny {
		if whole, exact := strings.CutSuffix(d.Package, "$"); exact && path == whole || !exact && strings.HasPrefix(path, d.Package) {
			return d, true
		}
	}
	return Denied{}, false
}

func folderOf(pattern string) (string, bool) {
	rest, ok := strings.CutPrefix(pattern, "${base-path}/")
	if !ok {
		return "", false
	}
	if rest == "**" {
		return "", true
	}
	folder, ok := strings.CutSuffix(rest, "/**")
	return folder, ok && !strings.ContainsAny(folder, "*?[{")
}

func within(folder, parent string) bool {
	return parent == "" || folder == parent || strings.HasPrefix(folder, parent+"/")
}

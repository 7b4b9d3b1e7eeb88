package placementcheck

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/deepscaler/deepscaler/adapter/explain"
)

// Write writes reports as tables. Arrows lead from the present to the layout of the plugin
// with PreferSameZone on every Service.
func Write(out io.Writer, reports []*Report) error {
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := r.write(out); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) write(out io.Writer) error {
	fmt.Fprintf(out, "Application %s: %d pods on %d nodes in %d zones; %s placed %d of the pods\n\n", r.Application, r.Pods, r.Nodes, len(r.Zones), schedulerName, r.ByScheduler)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "LAYOUT\tROUTING\tCROSS-ZONE\tSAME-NODE\tBUSIEST")
	for _, row := range []struct {
		layout, routing string
		Traffic
	}{{"now", "as it is", r.Now}, {"now", "PreferSameZone", r.NowSameZone}, {"plugin", "as it is", r.Plugin}, {"plugin", "PreferSameZone", r.PluginSameZone}} {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", row.layout, row.routing, number(row.CrossZone), number(row.SameNode), number(row.Busiest))
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "SERVICE\tCALLS/S\tTRAFFIC DISTRIBUTION\tCROSS-ZONE\tSAME-NODE\tPODS")
	for _, s := range r.Services {
		fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s → %s\t%s → %s\t%s\n", s.Namespace, s.Name, number(s.Now.Calls), s.distribution(),
			number(s.Now.CrossZone), number(s.PluginSameZone.CrossZone), number(s.Now.SameNode), number(s.PluginSameZone.SameNode), s.zones())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nWhat to do:")
	for _, a := range r.Advice {
		fmt.Fprintln(out, "- "+a)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(out, "note:", n)
	}
	return nil
}

// distribution returns the setting of the Services, each value once.
func (s *Service) distribution() string {
	var values []string
	for _, r := range s.Routes {
		v := r.Distribution
		if v == "" {
			v = "not set"
		}
		if len(s.Routes) > 1 {
			v = r.Name + ": " + v
		}
		values = append(values, v)
	}
	if len(values) == 0 {
		return "no Service"
	}
	return strings.Join(values, ", ")
}

func (s *Service) zones() string {
	var parts []string
	for _, z := range s.Zones {
		name := z.Name
		if name == "" {
			name = "(none)"
		}
		parts = append(parts, fmt.Sprintf("%s %d → %d", name, z.Now, z.Plugin))
	}
	return strings.Join(parts, ", ")
}

func number(n explain.Number) string {
	if !n.Known() {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(n))
}

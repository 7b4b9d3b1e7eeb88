// Package check looks at a cluster as a user does, and reports what DeepScaler needs and
// whether it is there. It looks at rights, metrics APIs, adapter, Prometheus, telemetry, call
// graph and autoscalers.
package check

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Status is the result of a check.
type Status string

// The results.
const (
	OK Status = "ok"
	// Warning is something that works, but not as well as it could.
	Warning Status = "warning"
	// Failed is something without which DeepScaler does not work.
	Failed Status = "failed"
	// Unknown is something that could not be looked at.
	Unknown Status = "unknown"
)

// Item is one thing that was checked.
type Item struct {
	// Section groups items: rights, apis, adapter, plan, prometheus, telemetry, calls or
	// autoscalers.
	Section string `json:"section"`
	// Name is unique in its section, such as that of a service.
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Detail is what was found, and Remedy what to do about it.
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
	// Query is the PromQL behind a finding about telemetry.
	Query string `json:"query,omitempty"`
	// Features are those of a service.
	Features []Feature `json:"features,omitempty"`
}

// Feature is the newest sample of a feature of a service.
type Feature struct {
	Name string `json:"name"`
	// AgeSeconds is its age; absent without a sample in the window.
	AgeSeconds *float64 `json:"ageSeconds,omitempty"`
	// Source are the metrics that it is from.
	Source []string `json:"source"`
}

// Report is the result of all checks.
type Report struct {
	// Namespace is the one that was looked at, and Time when.
	Namespace string    `json:"namespace"`
	Time      time.Time `json:"time"`
	Items     []Item    `json:"items"`
}

// Count returns the number of items of a status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, i := range r.Items {
		if i.Status == s {
			n++
		}
	}
	return n
}

// Write writes the report as a table with a summary.
func (r *Report) Write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "STATUS\tSECTION\tNAME\tDETAIL")
	for _, i := range r.Items {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", i.Status, i.Section, i.Name, i.Detail)
		if i.Remedy != "" {
			fmt.Fprintf(w, "\t\t\t→ %s\n", i.Remedy)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nnamespace %s: %d ok, %d warnings, %d failed, %d unknown\n",
		r.Namespace, r.Count(OK), r.Count(Warning), r.Count(Failed), r.Count(Unknown))
	return err
}

// section collects the items of one.
type section struct {
	name  string
	items []Item
}

// add adds an item. Further lines of its text, such as the hints of errors, are the remedy
// of one that has none.
func (s *section) add(status Status, name, remedy, format string, args ...any) {
	detail, hints, _ := strings.Cut(fmt.Sprintf(format, args...), "\n")
	remedy = cmp.Or(remedy, strings.ReplaceAll(hints, "\n", "; "))
	s.items = append(s.items, Item{Section: s.name, Name: name, Status: status, Detail: detail, Remedy: remedy})
}

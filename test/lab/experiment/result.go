package experiment

import (
	"encoding/json"
	"fmt"
	"io"
)

// Result is the result of an experiment. Scripts rely on the JSON keys of runs
// and frontiers.
type Result struct {
	Runs      []Run      `json:"runs"`
	Frontiers []Frontier `json:"frontiers"`
	// Difficulty is, by application and workload, how much the need grows within the lead
	// time at most.
	Difficulty []Difficulty `json:"difficulty"`
	// Reference is the autoscaler at whose cost the others are compared.
	Reference string `json:"reference"`
	// Usual holds the setting of each autoscaler that users have without tuning.
	Usual map[string]float64 `json:"usual"`
	// Tuned are the runs with the setting that [Tune] chose for each seed; nil where autoscalers
	// were not tuned.
	Tuned []Run `json:"tuned,omitempty"`
	// Traces of the first seed, for plots.
	Traces []Trace `json:"-"`
	// Learned is what autoscalers learned.
	Learned []Learned `json:"-"`
	// Command reproduces the result.
	Command string `json:"command"`
}

// Difficulty is that of a load for an application.
type Difficulty struct {
	Application string `json:"application"`
	Workload    string `json:"workload"`
	// Factor by which the need of a service grows within the lead time at most, for the hardest seed.
	Factor float64 `json:"factor"`
	// Least is the same for the easiest seed.
	Least float64 `json:"least"`
	// About has the place and time.
	About string `json:"about"`
}

// WriteJSON writes the result for scripts.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// WriteTables writes the result for a terminal.
func (r *Result) WriteTables(w io.Writer) error {
	for _, d := range r.Difficulty {
		fmt.Fprintf(w, "%s under %s: difficulty %s\n", d.Application, d.Workload, d.About)
	}
	for _, t := range r.Tables() {
		if err := t.Write(w); err != nil {
			return fmt.Errorf("write tables: %w", err)
		}
	}
	return nil
}

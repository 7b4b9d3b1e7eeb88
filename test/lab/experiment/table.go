package experiment

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/stat"
)

// Row is a line of a table, with the name of the autoscaler and the settings of its knob.
type Row struct {
	Autoscaler string
	Knob       string
	Cells      []string
}

// Headings are the columns of [Rows].
func Headings() []string {
	return []string{"violations %", "p95 %", "core-hours", "CAE s", "actions", "recovery s", "needed s", "MAE"}
}

// Rows returns mean ± standard deviation over seeds of every autoscaler, of runs under one
// load with one setting for each seed.
func Rows(runs []Run) []Row { return rows(runs, sameAutoscaler) }

func rows(runs []Run, alike func(a, b *Run) bool) []Row {
	columns := []func(*Run) *float64{
		func(r *Run) *float64 { return percent(r.Violations) },
		func(r *Run) *float64 { return percent(r.ViolationsP95) },
		func(r *Run) *float64 { return &r.CoreHours },
		func(r *Run) *float64 { return &r.CAE },
		func(r *Run) *float64 { v := float64(r.Actions); return &v },
		func(r *Run) *float64 { return r.RecoverySeconds },
		func(r *Run) *float64 { return r.NeededSeconds },
		func(r *Run) *float64 { return r.MeanAbsoluteError },
	}
	var rows []Row
	for _, group := range Groups(runs, alike) {
		row := Row{Autoscaler: group[0].Autoscaler, Knob: settings(group)}
		for _, of := range columns {
			var values []float64
			for i := range group {
				if v := of(&group[i]); v != nil {
					values = append(values, *v)
				}
			}
			row.Cells = append(row.Cells, spread(values))
		}
		rows = append(rows, row)
	}
	return rows
}

// settings returns the distinct settings of runs.
func settings(runs []Run) string {
	var all []string
	for _, r := range runs {
		if text := fmt.Sprint(r.Knob); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}

func percent(v float64) *float64 { v *= 100; return &v }

// spread writes mean ± standard deviation.
func spread(values []float64) string {
	switch len(values) {
	case 0:
		return "–"
	case 1:
		return figure(values[0])
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	return figure(mean) + " ± " + figure(deviation)
}

// figure writes a number with about three digits.
func figure(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Table is a heading and rows of text, for a terminal, Markdown or HTML.
type Table struct {
	Title    string
	Headings []string
	Rows     [][]string
}

// Tables returns those of every application and load.
func (r *Result) Tables() []Table {
	var tables []Table
	for _, scene := range Groups(r.Runs, SameScene) {
		tables = append(tables, r.TablesOf(scene)...)
	}
	return tables
}

// TablesOf returns the tables of runs of one application under one load: the autoscalers
// with the settings that count, all of them at the cost of the reference, the cost of few
// violations, and every setting.
func (r *Result) TablesOf(scene []Run) []Table {
	var tables []Table
	title := scene[0].Application + " under " + scene[0].Workload
	chosen := slices.DeleteFunc(slices.Clone(r.Chosen()), func(run Run) bool { return !SameScene(&run, &scene[0]) })
	how := "usual settings"
	if len(r.Tuned) > 0 {
		how = "tuned on the other seeds"
	}
	headings := append([]string{"autoscaler", "knob"}, Headings()...)
	first := Table{Title: title + ", " + how + " (mean ± standard deviation over seeds)", Headings: headings, Rows: lines(Rows(chosen))}
	tables = append(tables, first)
	if compared := CompareAtCost(scene, chosen, r.Reference); len(compared) > 0 {
		t := Table{
			Title:    fmt.Sprintf("%s, violations at the cost of %s, %.2f core-hours (95 %% confidence, seeds paired)", title, r.Reference, compared[0].CoreHours),
			Headings: []string{"autoscaler", "violations %", "difference"},
		}
		for _, c := range compared {
			t.Rows = append(t.Rows, []string{c.Autoscaler, figure(100 * c.Violations.Mean), interval(c.Difference.times(100))})
		}
		tables = append(tables, t)
	}
	tables = append(tables, CostTable(title+", core-hours by share of violations", scene))
	every := Table{Title: title + ", all settings", Headings: headings}
	every.Rows = lines(rows(scene, func(a, b *Run) bool { return sameAutoscaler(a, b) && a.Knob == b.Knob }))
	if len(every.Rows) > len(first.Rows) {
		tables = append(tables, every)
	}
	return tables
}

func lines(rows []Row) [][]string {
	var all [][]string
	for _, r := range rows {
		all = append(all, append([]string{r.Autoscaler, r.Knob}, r.Cells...))
	}
	return all
}

// CostTable returns the core-hours at which violations are down to several shares.
func CostTable(title string, scene []Run) Table {
	t := Table{Title: title, Headings: []string{"autoscaler"}}
	levels := []float64{0.1, 0.05, 0.02, 0.005}
	for _, v := range levels {
		t.Headings = append(t.Headings, fmt.Sprintf("%v %%", 100*v))
	}
	for _, f := range Frontiers(scene) {
		line := []string{f.Autoscaler}
		for _, v := range levels {
			line = append(line, figure(f.Cost(v)))
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}

func signed(v float64) string {
	if v > 0 {
		return "+" + figure(v)
	}
	return figure(v)
}

func (e Estimated) times(factor float64) Estimated {
	return Estimated{factor * e.Mean, factor * e.Half}
}

func interval(e Estimated) string {
	if math.IsNaN(e.Half) {
		return signed(e.Mean)
	}
	return fmt.Sprintf("%s ± %s", signed(e.Mean), figure(e.Half))
}

// Write writes the table for a terminal.
func (t *Table) Write(w io.Writer) error {
	fmt.Fprintf(w, "\n%s\n", t.Title)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, strings.Join(t.Headings, "\t"))
	for _, row := range t.Rows {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	return out.Flush()
}

// Markdown writes the table for a document.
func (t *Table) Markdown(w io.Writer) error {
	rule := slices.Repeat([]string{"---"}, len(t.Headings))
	_, err := fmt.Fprintf(w, "\n%s:\n\n| %s |\n| %s |\n", t.Title, strings.Join(t.Headings, " | "), strings.Join(rule, " | "))
	for _, row := range t.Rows {
		if err == nil {
			_, err = fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		}
	}
	return err
}

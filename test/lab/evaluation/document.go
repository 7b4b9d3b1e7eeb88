package evaluation

import (
	"fmt"
	"io"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// Markdown writes the result.
func (f *Found) Markdown(w io.Writer) error {
	o := &f.options
	fmt.Fprintf(w, `# Evaluation

The tables and figures of §V of the paper, as the lab finds them. `+"`make eval`"+` writes this page; do not edit it. It ran

    %s

Every autoscaler was tuned for each application on the seeds %d to %d: the cheapest setting of its knob that violates the SLO in at most 5 %% of the steps, or
else the one that violates least. The tables are of the seeds %d to %d. Networks learned from %v of history under the same kind of load with the seed %d, while the
stock HPA on CPU managed the application. `+"`go run ./test/lab --help`"+` explains autoscalers, loads and columns. The paper ran on a cluster of eight machines, so its
figures can be compared in kind and not in size.
`, o.command(), tuneSeed, tuneSeed+o.Seeds-1, testSeed, testSeed+o.Seeds-1, o.School, schoolSeed)

	fmt.Fprintf(w, "\n## Table II: autoscaling assessment\n")
	for i, r := range f.Comparisons {
		for _, d := range r.Difficulty {
			fmt.Fprintf(w, "\n%s under %s: the need of a service grows by %s.\n", d.Application, d.Workload, d.About)
		}
		table := experiment.Table{
			Title:    r.Runs[0].Application + ", mean ± standard deviation over seeds",
			Headings: append([]string{"autoscaler", "knob"}, experiment.Headings()...),
		}
		for _, row := range experiment.Rows(r.Runs) {
			table.Rows = append(table.Rows, append([]string{row.Autoscaler, fmt.Sprint(row.Knob)}, row.Cells...))
		}
		if err := table.Markdown(w); err != nil {
			return err
		}
		paired := experiment.Paired(r.Runs, r.Reference)
		paired.Title = "Differences to " + r.Reference + ", paired by seed, with 95 % confidence"
		if err := paired.Markdown(w); err != nil {
			return err
		}
		if err := grid(f.grids[i]).Markdown(w); err != nil {
			return err
		}
	}

	fmt.Fprintf(w, "\n## Fig. 10: over time\n\nThe first seed. At the quarters of the run, so far: violations (%% of the whole run), core-hours and CAE (s).\n")
	for _, r := range f.Comparisons {
		t := experiment.Table{Title: r.Runs[0].Application, Headings: []string{"autoscaler", "¼", "½", "¾", "end"}}
		for i := range r.Traces {
			trace := &r.Traces[i]
			row := []string{trace.Autoscaler}
			for quarter := 1; quarter <= 4; quarter++ {
				at := len(trace.Minutes)*quarter/4 - 1
				row = append(row, fmt.Sprintf("%.1f %%, %.2f, %.1f", 100*trace.Violated[at], trace.Cores[at], trace.Error[at]))
			}
			t.Rows = append(t.Rows, row)
		}
		if err := t.Markdown(w); err != nil {
			return err
		}
	}

	if err := f.figure11(w); err != nil {
		return err
	}
	return f.figure12(w)
}

// grid shows how autoscalers were tuned, on average over seeds.
func grid(runs []experiment.Run) *experiment.Table {
	t := &experiment.Table{Title: "Tuning (violations % at core-hours)", Headings: []string{"autoscaler", "knob: result"}}
	for _, f := range experiment.Frontiers(runs) {
		var settings []string
		for _, p := range f.Points {
			settings = append(settings, fmt.Sprintf("%v: %.1f at %.2f", p.Knob, 100*p.Violations, p.CoreHours))
		}
		t.Rows = append(t.Rows, []string{f.Autoscaler, strings.Join(settings, "; ")})
	}
	return t
}

func (f *Found) figure11(w io.Writer) error {
	fmt.Fprintf(w, `
## Fig. 11: dependencies under other patterns of requests

Online Boutique with each of the nine weightings; the network starts from the invocation graph. Relations and the learned graph are compared in either direction.
OD are, of the services that a service calls, those with more than half of the requests of the one it calls most (Eq. 15). CC are pairs whose requests have a rank
correlation above the mean of the service's correlations and one standard deviation (Eq. 16; the paper leaves its threshold open). *Captured* is the share of these
relations that the learned graph has, *all pairs* the share of all pairs that it has, which chance would capture. *Jaccard* is the similarity of the two graphs, which
an edge too many lowers as much as one that is missing.
`)
	t := experiment.Table{Title: "Learned graphs", Headings: []string{"weighting", "OD", "captured", "Jaccard", "CC", "captured", "Jaccard", "all pairs"}}
	var captured []float64
	for _, p := range f.patterns {
		captured = append(captured, p.OD.Captured, p.CC.Captured)
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(p.number), fmt.Sprint(p.OD.Pairs), fmt.Sprintf("%.2f", p.OD.Captured), fmt.Sprintf("%.2f", p.OD.Jaccard),
			fmt.Sprint(p.CC.Pairs), fmt.Sprintf("%.2f", p.CC.Captured), fmt.Sprintf("%.2f", p.CC.Jaccard), fmt.Sprintf("%.2f", p.Share),
		})
	}
	if err := t.Markdown(w); err != nil || len(captured) < 2 {
		return err
	}
	mean, deviation := stat.MeanStdDev(captured, nil)
	_, err := fmt.Fprintf(w, "\nOD and CC captured: %.2f ± %.2f (paper: 0.89 ± 0.07).\n", mean, deviation)
	return err
}

func (f *Found) figure12(w io.Writer) error {
	fmt.Fprintf(w, "\n## Fig. 12: errors of prediction\n\nOf the fractional need of replicas on the last fifth of the history, which training does not see. All networks have the same defaults, anchor included; a share\nof 0 means that a network adds nothing to the anchor at that horizon, so that its error is the anchor's.\n")
	t := experiment.Table{Title: "Errors in replicas", Headings: []string{"application", "network", "MAE", "RMSE", "MAPE %", "anchor MAE", "ridge MAE", "persistence MAE", "seasonal MAE", "shares"}}
	cost := experiment.Table{Title: "Cost", Headings: []string{"application", "network", "parameters", "samples", "learning, core-seconds", "learning, s", "one estimate, ms"}}
	for _, a := range f.accuracies {
		e := a.report.Test.Overall
		var shares []string
		for _, v := range a.report.Shares {
			shares = append(shares, fmt.Sprintf("%.2f", v))
		}
		t.Rows = append(t.Rows, []string{
			a.application, a.kind, fmt.Sprintf("%.3f", e.Model.MAE), fmt.Sprintf("%.3f", e.Model.RMSE), fmt.Sprintf("%.1f", e.Model.MAPE),
			fmt.Sprintf("%.3f", e.Anchor.MAE), fmt.Sprintf("%.3f", e.Ridge.MAE), fmt.Sprintf("%.3f", e.Persistence.MAE), fmt.Sprintf("%.3f", e.Seasonal.MAE), strings.Join(shares, " "),
		})
		cost.Rows = append(cost.Rows, []string{
			a.application, a.kind, fmt.Sprint(a.report.Parameters), fmt.Sprint(a.report.Samples.Train),
			fmt.Sprintf("%.1f", a.report.CoreSeconds), fmt.Sprintf("%.1f", a.report.Seconds), fmt.Sprintf("%.2f", 1e3*a.estimate.Seconds()),
		})
	}
	if err := t.Markdown(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n## Table III: overhead\n\nOf learning (paper: 10.64 cores for 158.8 s) and of one estimate (paper: 0.107 cores for 0.5 s), on the machine that wrote this page.\n")
	return cost.Markdown(w)
}

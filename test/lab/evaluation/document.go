package evaluation

import (
	"fmt"
	"io"
	"maps"
	"slices"
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

The seeds are %d to %d. Every autoscaler is tuned for each application, load and seed on the **other** seeds: it gets the cheapest setting of its knob that violates the SLO in
at most 5 %% of the steps there, or else the one that violates least. So none is judged on what it was tuned on, and what it is tuned on is as hard as what it is judged on.
The sweep of a knob ends with the first setting that violates in at most %v %% of the steps of every seed, since more replicas only cost more.
Networks learned from %v of history under the same kind of load with the seed %d, while the stock HPA on CPU managed the application.
`+"`go run ./test/lab --help`"+` explains autoscalers, loads and columns. The paper ran on a cluster of eight machines, so its figures can be compared in kind and not in size.
`, o.command(), testSeed, testSeed+o.Seeds-1, 100*enough, o.School, schoolSeed)
	if usual := Defaults(); o.command() != usual.command() {
		fmt.Fprintf(w, "\nThat is less or other than by default, which is\n\n    %s\n", usual.command())
	}
	for _, part := range []func(io.Writer) error{f.table2, f.figure10, f.figure11, f.figure12, f.table3} {
		if err := part(w); err != nil {
			return err
		}
	}
	return nil
}

func (f *Found) table2(w io.Writer) error {
	fmt.Fprintf(w, "\n## Table II: autoscaling assessment\n")
	r := f.Comparison
	tuned := experiment.Groups(r.Tuned, experiment.SameScene)
	for _, t := range []*experiment.Table{summary(tuned), atCost(r), against(tuned, r.Reference)} {
		if err := t.Markdown(w); err != nil {
			return err
		}
	}
	for i, scene := range experiment.Groups(r.Runs, experiment.SameScene) {
		title := scene[0].Application + " under " + scene[0].Workload
		fmt.Fprintf(w, "\n### %s\n\n", title)
		for _, d := range r.Difficulty {
			if d.Application == scene[0].Application && d.Workload == scene[0].Workload {
				fmt.Fprintf(w, "The need of a service grows by %s; of the seeds, the easiest has ×%.1f.\n", d.About, d.Least)
			}
		}
		table := experiment.Table{Title: "Tuned, mean ± standard deviation over seeds", Headings: append([]string{"autoscaler", "knob"}, experiment.Headings()...)}
		for _, row := range experiment.Rows(tuned[i]) {
			table.Rows = append(table.Rows, append([]string{row.Autoscaler, row.Knob}, row.Cells...))
		}
		paired := experiment.Paired(tuned[i], r.Reference)
		paired.Title = "Differences to " + r.Reference + ", paired by seed, with 95 % confidence"
		cost := experiment.CostTable("Core-hours by share of violations, mean of all seeds", scene)
		for _, t := range []*experiment.Table{&table, paired, &cost, grid(scene)} {
			if err := t.Markdown(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// grid shows the sweeps of knobs, on average over seeds.
func grid(runs []experiment.Run) *experiment.Table {
	t := &experiment.Table{Title: "Sweeps (violations % at core-hours, mean of all seeds)", Headings: []string{"autoscaler", "knob: result"}}
	for _, f := range experiment.Frontiers(runs) {
		var settings []string
		for _, p := range f.Points {
			settings = append(settings, fmt.Sprintf("%v: %.1f at %.2f", p.Knob, 100*p.Violations, p.CoreHours))
		}
		t.Rows = append(t.Rows, []string{f.Autoscaler, strings.Join(settings, "; ")})
	}
	return t
}

func (f *Found) figure10(w io.Writer) error {
	fmt.Fprintf(w, "\n## Fig. 10: over time\n\nThe first seed, tuned on the others. At the quarters of the run, so far: violations (%% of the whole run), core-hours and CAE (s).\n")
	var t *experiment.Table
	traces := f.Comparison.ChosenTraces()
	for i := range traces {
		trace := &traces[i]
		if title := trace.Application + " under " + trace.Workload; t == nil || t.Title != title {
			if t != nil {
				if err := t.Markdown(w); err != nil {
					return err
				}
			}
			t = &experiment.Table{Title: title, Headings: []string{"autoscaler", "¼", "½", "¾", "end"}}
		}
		row := []string{trace.Autoscaler}
		for quarter := 1; quarter <= 4; quarter++ {
			at := len(trace.Minutes)*quarter/4 - 1
			row = append(row, fmt.Sprintf("%.1f %%, %.2f, %.1f", 100*trace.Violated[at], trace.Cores[at], trace.Error[at]))
		}
		t.Rows = append(t.Rows, row)
	}
	if t == nil {
		return nil
	}
	return t.Markdown(w)
}

func (f *Found) figure11(w io.Writer) error {
	fmt.Fprintf(w, `
## Fig. 11: dependencies under other patterns of requests

Online Boutique with %d of the nine weightings; the network starts from the invocation graph. Relations and the learned graph are compared in either direction.
OD are, of the services that a service calls, those with more than half of the requests of the one it calls most (Eq. 15). CC are pairs whose requests have a rank
correlation above the mean of the service's correlations and one standard deviation (Eq. 16; the paper leaves its threshold open). *Captured* is the share of these
relations that the learned graph has, *all pairs* the share of all pairs that it has, which chance would capture. *Jaccard* is the similarity of the two graphs, which
an edge too many lowers as much as one that is missing.
`, f.options.Patterns)
	t := experiment.Table{Title: "Learned graphs", Headings: []string{"weighting", "OD", "captured", "Jaccard", "CC", "captured", "Jaccard", "all pairs"}}
	var captured []float64
	for i, p := range f.patterns {
		d := &p.Dependencies
		captured = append(captured, d.OD.Captured, d.CC.Captured)
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(i + 1), fmt.Sprint(d.OD.Pairs), fmt.Sprintf("%.2f", d.OD.Captured), fmt.Sprintf("%.2f", d.OD.Jaccard),
			fmt.Sprint(d.CC.Pairs), fmt.Sprintf("%.2f", d.CC.Captured), fmt.Sprintf("%.2f", d.CC.Jaccard), fmt.Sprintf("%.2f", d.Share),
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
	fmt.Fprintf(w, `
## Fig. 12: errors of prediction

Of the fractional need of replicas on the last fifth of the history, which training does not see. DeepScaler's network has the defaults of `+"`deepscaler train`"+`; learning rate and
weight decay of the others are the best of a grid for each application and load by the loss on a validation part. All are anchored at the analytic forecast.
`)
	empty, all := map[string]int{}, map[string]int{}
	t := experiment.Table{Title: "Errors in replicas", Headings: []string{"application", "load", "network", "MAE", "RMSE", "MAPE %", "anchor MAE", "ridge MAE", "persistence MAE", "seasonal MAE", "shares"}}
	tried := experiment.Table{Title: "Grids (loss on the validation part; the lowest is taken)", Headings: []string{"application", "load", "network", "rate, decay: loss"}}
	for _, l := range f.Comparison.Learned {
		e := l.Report.Test.Overall
		var shares []string
		levels := l.Report.Learning.Quantiles
		for at, level := range levels {
			sum, count := 0.0, 0.0
			for i := at; i < len(l.Report.Shares); i += len(levels) {
				sum += l.Report.Shares[i]
				count++
				all[l.Autoscaler]++
				if l.Report.Shares[i] == 0 {
					empty[l.Autoscaler]++
				}
			}
			shares = append(shares, fmt.Sprintf("%v: %.2f", level, sum/count))
		}
		t.Rows = append(t.Rows, []string{
			l.Application, l.Workload, l.Autoscaler, fmt.Sprintf("%.3f", e.Model.MAE), fmt.Sprintf("%.3f", e.Model.RMSE), fmt.Sprintf("%.1f", e.Model.MAPE),
			fmt.Sprintf("%.3f", e.Anchor.MAE), fmt.Sprintf("%.3f", e.Ridge.MAE), fmt.Sprintf("%.3f", e.Persistence.MAE), fmt.Sprintf("%.3f", e.Seasonal.MAE), strings.Join(shares, "; "),
		})
		var trials []string
		for _, x := range l.Trials {
			trials = append(trials, fmt.Sprintf("%v, %v: %.4f", x.Rate, x.Decay, x.Validation))
		}
		tried.Rows = append(tried.Rows, []string{l.Application, l.Workload, l.Autoscaler, strings.Join(trials, "; ")})
	}
	if err := t.Markdown(w); err != nil {
		return err
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		counts = append(counts, fmt.Sprintf("%s %d of %d", name, empty[name], all[name]))
	}
	if _, err := fmt.Fprintf(w, "\nThe shares are by quantile, mean of all horizons. Where one is calibrated to 0, a network adds nothing to its anchor, and is no baseline of its own. These are\n%s.\n", strings.Join(counts, ", ")); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return tried.Markdown(w)
}

func (f *Found) table3(w io.Writer) error {
	fmt.Fprintf(w, `
## Table III: overhead

Of learning with the chosen setting alone (paper: 10.64 cores for 158.8 s), and of one estimate (paper: 0.107 cores for 0.5 s), on the machine that wrote this page.
`)
	t := experiment.Table{Title: "Cost", Headings: []string{"application", "load", "network", "parameters", "samples", "learning, core-seconds", "learning, s", "one estimate, ms"}}
	for _, l := range f.Comparison.Learned {
		t.Rows = append(t.Rows, []string{
			l.Application, l.Workload, l.Autoscaler, fmt.Sprint(l.Report.Parameters), fmt.Sprint(l.Report.Samples.Train),
			fmt.Sprintf("%.1f", l.Report.CoreSeconds), fmt.Sprintf("%.1f", l.Report.Seconds), fmt.Sprintf("%.2f", 1e3*l.Estimate.Seconds()),
		})
	}
	return t.Markdown(w)
}

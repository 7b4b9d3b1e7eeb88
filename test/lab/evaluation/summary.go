package evaluation

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// summary shows violations and cost of every autoscaler in all comparisons.
func summary(scenes [][]experiment.Run) *experiment.Table {
	t := &experiment.Table{Title: "In short: violations % / core-hours, tuned, mean of all seeds", Headings: []string{"autoscaler"}}
	for _, scene := range scenes {
		t.Headings = append(t.Headings, heading(&scene[0]))
		for i, m := range means(scene) {
			if i == len(t.Rows) {
				t.Rows = append(t.Rows, []string{m.autoscaler})
			}
			t.Rows[i] = append(t.Rows[i], fmt.Sprintf("%.1f / %.2f", 100*m.violations, m.coreHours))
		}
	}
	return t
}

// atCost shows the violations of every autoscaler where it costs as much as the tuned
// reference does.
func atCost(r *experiment.Result) *experiment.Table {
	t := &experiment.Table{
		Title:    fmt.Sprintf("Violations %% at the cost of the tuned %s, by the sweeps, mean of all seeds (–: it is not that cheap with every seed)", r.Reference),
		Headings: []string{"autoscaler"},
	}
	for _, scene := range experiment.Groups(r.Runs, experiment.SameScene) {
		t.Headings = append(t.Headings, heading(&scene[0]))
		for i, c := range experiment.CompareAtCost(scene, r.Tuned, r.Reference) {
			if i == len(t.Rows) {
				t.Rows = append(t.Rows, []string{c.Autoscaler})
			}
			cell := "–"
			if v := c.Violations.Mean; !math.IsNaN(v) {
				cell = fmt.Sprintf("%.1f", 100*v)
			}
			t.Rows[i] = append(t.Rows[i], cell)
		}
	}
	return t
}

// against shows what the reference saves in all comparisons together, beside every other
// autoscaler. Violations are those of all together, since a baseline may have none in one
// of them; cost and error are the means of the single savings.
func against(scenes [][]experiment.Run, reference string) *experiment.Table {
	t := &experiment.Table{
		Title:    fmt.Sprintf("%s beside every other, tuned, over all applications and loads (violations: of the sums; core-hours and CAE: mean change)", reference),
		Headings: []string{"autoscaler", "violations", "core-hours", "CAE"},
	}
	type change struct{ mine, theirs, cost, errors float64 }
	changes := map[string]change{}
	for _, scene := range scenes {
		all := means(scene)
		var mine mean
		for _, m := range all {
			if m.autoscaler == reference {
				mine = m
			}
		}
		for _, m := range all {
			c, n := changes[m.autoscaler], float64(len(scenes))
			changes[m.autoscaler] = change{
				c.mine + mine.violations, c.theirs + m.violations,
				c.cost + (mine.coreHours/m.coreHours-1)/n, c.errors + (mine.error/m.error-1)/n,
			}
		}
	}
	for _, m := range means(scenes[0]) {
		if m.autoscaler == reference {
			continue
		}
		c := changes[m.autoscaler]
		violations := "–"
		if c.theirs > 0 {
			violations = fmt.Sprintf("%+.0f %%", 100*(c.mine/c.theirs-1))
		}
		t.Rows = append(t.Rows, []string{m.autoscaler, violations, fmt.Sprintf("%+.0f %%", 100*c.cost), fmt.Sprintf("%+.0f %%", 100*c.errors)})
	}
	return t
}

func heading(r *experiment.Run) string { return r.Application + ", " + r.Workload }

// mean is the result of one autoscaler on average over seeds.
type mean struct {
	autoscaler                   string
	violations, coreHours, error float64
}

// means returns those of all autoscalers under one load, in the order of the runs.
func means(scene []experiment.Run) []mean {
	var all []mean
	for _, group := range experiment.Groups(scene, func(a, b *experiment.Run) bool { return a.Autoscaler == b.Autoscaler }) {
		m := mean{autoscaler: group[0].Autoscaler}
		for i := range group {
			n := float64(len(group))
			m.violations += group[i].Violations / n
			m.coreHours += group[i].CoreHours / n
			m.error += group[i].CAE / n
		}
		all = append(all, m)
	}
	return all
}

package evaluation

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

func TestAgainst(t *testing.T) {
	run := func(load, name string, seed uint64, violations, hours, cae float64) experiment.Run {
		return experiment.Run{Application: "shop", Workload: load, Autoscaler: name, Seed: seed, Violations: violations, CoreHours: hours, CAE: cae}
	}
	runs := []experiment.Run{
		run("bursts", "deepscaler", 1, 0, 1, 10), run("bursts", "deepscaler", 2, 0, 3, 10),
		run("bursts", "hab", 1, 0.1, 4, 20), run("bursts", "hab", 2, 0.1, 4, 20),
		run("bursts", "calm", 1, 0, 2, 10), run("bursts", "calm", 2, 0, 2, 10),
		run("jumps", "deepscaler", 1, 0.02, 3, 10), run("jumps", "deepscaler", 2, 0.04, 3, 10),
		run("jumps", "hab", 1, 0, 3, 10), run("jumps", "hab", 2, 0.04, 3, 10),
		run("jumps", "calm", 1, 0, 4, 10), run("jumps", "calm", 2, 0, 4, 10),
	}
	got := against(experiment.Groups(runs, experiment.SameScene), "deepscaler").Rows
	want := [][]string{{"hab", "-75 %", "-25 %", "-25 %"}, {"calm", "–", "-12 %", "+0 %"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestAtCost(t *testing.T) {
	run := func(name string, knob, violations, hours float64) experiment.Run {
		return experiment.Run{Application: "shop", Workload: "jumps", Autoscaler: name, Seed: 1, Knob: knob, Violations: violations, CoreHours: hours}
	}
	mine := run("deepscaler", 0.5, 0.01, 2)
	r := &experiment.Result{Reference: "deepscaler", Tuned: []experiment.Run{mine}, Runs: []experiment.Run{
		mine, run("hpa-cpu", 0.8, 0.1, 1), run("hpa-cpu", 0.5, 0.02, 3), run("slo", 1, 0, 5),
	}}
	want := [][]string{{"deepscaler", "1.0"}, {"hpa-cpu", "6.0"}, {"slo", "–"}}
	if diff := cmp.Diff(want, atCost(r).Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

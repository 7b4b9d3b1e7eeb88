package report

import (
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
)

// The page has a plot of every kind, holds what was compared, and loads nothing.
func TestWrite(t *testing.T) {
	runs := []experiment.Run{
		{Application: "shop", Workload: "day", Autoscaler: "a", Knob: 1, Seed: 1, Violations: 0.1, CoreHours: 2},
		{Application: "shop", Workload: "day", Autoscaler: "a", Knob: 2, Seed: 1, Violations: 0.05, CoreHours: 3},
	}
	line := []float64{1, 2}
	r := &experiment.Result{
		Runs: runs, Reference: "a", Usual: map[string]float64{"a": 1}, Command: "lab <script>",
		Difficulty: []experiment.Difficulty{{Application: "shop", Workload: "day", Factor: 2, About: "×2.0"}},
		Traces: []experiment.Trace{{
			Application: "shop", Workload: "day", Autoscaler: "a", Knob: 1, Services: []string{"x", "y"}, SLO: 0.1,
			Minutes: line, Response: line, Violated: line, Cores: line, Error: line,
			Desired: [][]float64{line, line}, Ready: [][]float64{line, line}, Need: [][]float64{line, line},
		}},
		Learned: []experiment.Learned{{Application: "shop", Workload: "day", Autoscaler: "a", Model: &artifact.Model{
			Kind: artifact.KindDeepScaler, Services: []string{"x", "y"}, Affinity: []float32{1, 0.5, 0.2, 1},
		}}},
	}
	var page strings.Builder
	if err := Write(r, &page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	// A frontier, three plots over time, one of responses, two of replicas and a graph.
	if n := strings.Count(text, "<svg"); n != 8 {
		t.Errorf("%d plots, want 8", n)
	}
	for _, want := range []string{"shop under day", "×2.0", "lab &lt;script&gt;", "core-hours by share of violations", "Learned dependencies"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q", want)
		}
	}
	for _, outside := range []string{"src=", "<link", "@import"} {
		if strings.Contains(text, outside) {
			t.Errorf("loads something: %s", outside)
		}
	}
}

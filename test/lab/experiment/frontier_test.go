package experiment

import (
	"encoding/json"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// runs are two autoscalers with two seeds and three settings each; b violates 10 % more
// than a at every cost, give or take 2 % by seed.
func runs() []Run {
	var all []Run
	for _, autoscaler := range []string{"a", "b"} {
		for seed := range uint64(2) {
			for knob := range 3 {
				r := Run{Application: "x", Workload: "y", Autoscaler: autoscaler, Seed: seed, Knob: float64(knob)}
				r.CoreHours = 10 + 5*float64(knob)
				r.Violations = 0.4 - 0.1*float64(knob) + 0.02*float64(seed)
				if autoscaler == "b" {
					r.Violations += 0.1 + 0.04*float64(seed)
				}
				all = append(all, r)
			}
		}
	}
	return all
}

func TestFrontiers(t *testing.T) {
	want := []Frontier{
		{"x", "y", "a", []Point{{0, 0.41, 10}, {1, 0.31, 15}, {2, 0.21, 20}}},
		{"x", "y", "b", []Point{{0, 0.53, 10}, {1, 0.43, 15}, {2, 0.33, 20}}},
	}
	if diff := cmp.Diff(want, Frontiers(runs()), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("frontiers (-want +got):\n%s", diff)
	}
}

func TestFrontierIsReadBetweenEfficientPoints(t *testing.T) {
	f := Frontier{Points: []Point{{1, 0.3, 10}, {2, 0.4, 12}, {3, 0.1, 14}, {4, 0.1, 16}}}
	for cost, want := range map[float64]float64{9: math.NaN(), 10: 0.3, 12: 0.2, 14: 0.1, 15: 0.1, 100: 0.1} {
		if got := f.At(cost); !cmp.Equal(got, want, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)) {
			t.Errorf("at a cost of %v: %v violations, want %v", cost, got, want)
		}
	}
	for violations, want := range map[float64]float64{0.5: 10, 0.3: 10, 0.2: 12, 0.1: 14, 0.05: math.NaN()} {
		if got := f.Cost(violations); !cmp.Equal(got, want, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)) {
			t.Errorf("%v violations cost %v, want %v", violations, got, want)
		}
	}
}

// Seeds are compared with themselves: what they share says nothing about the difference.
func TestCompareAtCost(t *testing.T) {
	chosen := slices.DeleteFunc(runs(), func(r Run) bool { return r.Knob != 1 })
	got := CompareAtCost(runs(), chosen, "a")
	if len(got) != 2 || got[0].CoreHours != 15 {
		t.Fatalf("have %+v", got)
	}
	// Differences of 0.10 and 0.14: 12.71 is Student's t of 0.975 with one degree of freedom.
	want := Estimated{0.12, 12.706 * 0.0282843 / math.Sqrt2}
	if diff := cmp.Diff(want, got[1].Difference, cmpopts.EquateApprox(0, 1e-4)); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
	if got[0].Difference != (Estimated{}) {
		t.Errorf("the reference differs from itself by %+v", got[0].Difference)
	}
}

// The keys that scripts rely on are those that docs/lab.md lists, no more and no less.
func TestJSONKeys(t *testing.T) {
	zero := 0.0
	run := Run{RecoverySeconds: &zero, NeededSeconds: &zero, MeanAbsoluteError: &zero}
	r := Result{Runs: []Run{run}, Frontiers: Frontiers([]Run{run}), Difficulty: []Difficulty{{}}, Tuned: []Run{run}}
	var text strings.Builder
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(text.String()), &got); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	add := func(v any) {
		for key := range v.(map[string]any) {
			keys[key] = true
		}
	}
	add(got)
	for _, list := range []string{"runs", "frontiers", "difficulty"} {
		add(got[list].([]any)[0])
	}
	add(got["frontiers"].([]any)[0].(map[string]any)["points"].([]any)[0])

	page, err := os.ReadFile("../../../docs/lab.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Output for scripts")
	documented := map[string]bool{}
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, m := range regexp.MustCompile("`([a-zA-Z0-9]+)(\\[\\])?`").FindAllStringSubmatch(line, -1) {
			documented[m[1]] = true
		}
	}
	if diff := cmp.Diff(documented, keys); diff != "" {
		t.Errorf("keys (-docs/lab.md +output):\n%s", diff)
	}
	for _, key := range []string{"application", "workload", "autoscaler", "knob", "seed", "violations", "violationsP95", "coreHours", "cae", "actions", "recoverySeconds", "meanAbsoluteError"} {
		if _, there := got["runs"].([]any)[0].(map[string]any)[key]; !there {
			t.Errorf("a run lacks %s", key)
		}
	}
}

func TestChooseIsCheapestThatIsTolerable(t *testing.T) {
	for _, c := range []struct {
		points []Point
		want   float64
	}{
		{[]Point{{1, 0.3, 10}, {2, 0.05, 12}, {3, 0, 14}}, 2},
		{[]Point{{1, 0.3, 10}, {2, 0.2, 12}, {3, 0.25, 14}}, 2},
	} {
		if got := choose(c.points); got != c.want {
			t.Errorf("%v: knob %v, want %v", c.points, got, c.want)
		}
	}
}

// A setting that is too few replicas on the other seeds is not taken, however good it is on
// the seed itself.
func TestTuneLeavesTheSeedOut(t *testing.T) {
	var all []Run
	for seed, violations := range [][]float64{{0, 0}, {0.2, 0.01}, {0.04, 0}} {
		for knob, v := range violations {
			all = append(all, Run{Autoscaler: "a", Seed: uint64(seed), Knob: float64(knob), Violations: v, CoreHours: float64(knob)})
		}
	}
	tuned, err := Tune(all)
	if err != nil {
		t.Fatal(err)
	}
	var knobs []float64
	for _, r := range tuned {
		knobs = append(knobs, r.Knob)
	}
	if diff := cmp.Diff([]float64{1, 0, 1}, knobs); diff != "" {
		t.Errorf("knobs (-want +got):\n%s", diff)
	}
	if _, err := Tune(all[:2]); err == nil {
		t.Error("tuned on one seed, with none to leave out")
	}
	r := Result{Runs: all, Tuned: tuned, Traces: []Trace{{Autoscaler: "a", Knob: 0}, {Autoscaler: "a", Knob: 1}}}
	if got := r.ChosenTraces(); len(got) != 1 || got[0].Knob != 1 {
		t.Errorf("traces are %v, want the one of knob 1, which the first seed has", got)
	}
}

func TestGroupsKeepTheOrder(t *testing.T) {
	var names []string
	for _, g := range Groups(runs(), sameAutoscaler) {
		names = append(names, g[0].Autoscaler)
		if len(g) != 6 {
			t.Errorf("%d runs of %s, want 6", len(g), g[0].Autoscaler)
		}
	}
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("groups are %q", names)
	}
}

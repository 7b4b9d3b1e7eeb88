package adapter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/estimator"
)

// constant is a window of two services under a constant load, of which the
// second has lost its telemetry.
func constant(calls *estimator.CallGraph) *estimator.Window {
	services := []estimator.Service{{Namespace: "shop", Name: "cart"}, {Namespace: "shop", Name: "web"}}
	w := estimator.NewWindow(services, estimator.DefaultFeatures(), 12, 30*time.Second, time.Now())
	w.Calls = calls
	for t := range w.Steps {
		for c, v := range []float64{2, 0.9, 0.05, 100, 0.4} {
			w.Set(0, t, c, v)
		}
	}
	return w
}

func TestModelsHandOverPerService(t *testing.T) {
	lead := 2 * time.Minute
	file := config.Default()
	file.Applications = []config.Override{{Name: "bank", LeadTime: &lead}}
	m, err := newModels(file, nil, 2*file.Window)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.At("bank", time.Now()).Plan.LeadTime; got != lead {
		t.Errorf("lead time of bank is %v", got)
	}
	if got := m.At("shop", time.Now()).Plan.LeadTime; got != file.Defaults.LeadTime {
		t.Errorf("lead time of shop is %v", got)
	}

	entry := &estimator.CallGraph{Calls: []estimator.Call{{Source: estimator.Outside, Destination: 0, Rate: 100}}}
	for application, c := range map[string]struct {
		calls *estimator.CallGraph
		from  []int
	}{"shop": {nil, []int{1, -1}}, "bank": {entry, []int{0, -1}}} {
		_, origin, _, err := m.At(application, time.Now()).Scheduler.EstimateFrom(t.Context(), constant(c.calls))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.from, origin.From); diff != "" {
			t.Errorf("%s is served by (-want +got):\n%s", application, diff)
		}
		if n := len(m.At(application, time.Now()).Sources); n != len(origin.Errors) {
			t.Errorf("%s has %d names for %d estimators", application, n, len(origin.Errors))
		}
	}
}

// The forecast for nodes reaches over their start and the lead time of the plan after it, and
// what rises goes on to rise.
func TestModelsSeeAsFarAsNodesTakeToStart(t *testing.T) {
	file := config.Default()
	file.Applications = []config.Override{{Name: "bank", NodeStart: new(time.Duration(0))}}
	m, err := newModels(file, nil, 2*file.Window)
	if err != nil {
		t.Fatal(err)
	}
	if m.At("bank", time.Now()).Ahead != nil {
		t.Error("without a start time there is a forecast for nodes")
	}
	w := constant(&estimator.CallGraph{Calls: []estimator.Call{{Source: estimator.Outside, Destination: 0, Rate: 100}}})
	for step := range w.Steps {
		rising := 1 + float64(step)/20
		w.Set(0, step, 1, 0.3*rising)
		w.Set(0, step, 3, 100*rising)
	}
	at := m.At("shop", time.Now())
	long, err := at.Ahead.Estimate(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	short, err := at.Theory.Estimate(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if want := 16; long.Horizon != want {
		t.Errorf("the forecast has %d steps of 15 s, want %d", long.Horizon, want)
	}
	if l, s := long.Highest(0, long.Horizon), short.Highest(0, short.Horizon); !(l > s) {
		t.Errorf("while the load rises, %v replicas are needed over the start of a node and %v within the lead time", l, s)
	}
}

func TestModelsRejectImpossibleSettings(t *testing.T) {
	file := config.Default()
	negative := -1.0
	file.Applications = []config.Override{{Name: "bank", Headroom: &negative}}
	if _, err := newModels(file, nil, 2*file.Window); err == nil {
		t.Error("accepted a negative headroom")
	}
}

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
	m, err := newModels(file, nil)
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

func TestModelsRejectImpossibleSettings(t *testing.T) {
	file := config.Default()
	negative := -1.0
	file.Applications = []config.Override{{Name: "bank", Headroom: &negative}}
	if _, err := newModels(file, nil); err == nil {
		t.Error("accepted a negative headroom")
	}
}

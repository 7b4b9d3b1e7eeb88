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
	served := map[string]map[string]int{}
	m, err := newModels(file, func(application string, n map[string]int) { served[application] = n })
	if err != nil {
		t.Fatal(err)
	}
	if got := m.of("bank").Plan.LeadTime; got != lead {
		t.Errorf("lead time of bank is %v", got)
	}
	if got := m.of("shop").Plan.LeadTime; got != file.Defaults.LeadTime {
		t.Errorf("lead time of shop is %v", got)
	}

	if _, err := m.of("shop").Estimator.Estimate(t.Context(), constant(nil)); err != nil {
		t.Fatal(err)
	}
	entry := &estimator.CallGraph{Calls: []estimator.Call{{Source: estimator.Outside, Destination: 0, Rate: 100}}}
	if _, err := m.of("bank").Estimator.Estimate(t.Context(), constant(entry)); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]int{
		"shop": {"hab": 0, "mmn": 1, "none": 1},
		"bank": {"hab": 1, "mmn": 0, "none": 1},
	}
	if diff := cmp.Diff(want, served); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
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

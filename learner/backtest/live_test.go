package backtest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// lived is two hours of web under 100 requests/s, and 300 in the second half. Two
// replicas ran; as many as ran or eight were planned.
func lived(planned func(t int) float64) *estimator.Window {
	features := append(estimator.DefaultFeatures(), telemetry.Planned, telemetry.Cores)
	w := estimator.NewWindow([]estimator.Service{{Name: "web"}}, features, 240, 30*time.Second, time.Unix(7200, 0).UTC())
	for t := range w.Steps {
		q, latency := 100.0, 0.02
		if t >= 120 {
			q, latency = 300, 0.2
		}
		// A request takes 5 ms of CPU; above two replicas' worth it waits.
		busy := min(1, q*0.005/2)
		copy(w.Row(0, t), []float64{2, busy, latency, q, 0.3, planned(t), 0.5})
	}
	return w
}

func TestCompareLive(t *testing.T) {
	s := DefaultLiveSpec()
	s.SLO = demand.SLO{Bound: 100 * time.Millisecond}
	// The plan follows the load at once, so it is short for a lead time.
	got, err := CompareLive(lived(func(t int) float64 {
		if t < 120 {
			return 1
		}
		return 8
	}), nil, s)
	if err != nil {
		t.Fatal(err)
	}
	// A plan has an effect from the third step on. 118 steps of one replica and 120 of
	// which two are still of one, of half a minute.
	web := got.Services[0]
	if ran := 2 * 238 * 30 / 3600.0; web.Steps != 238 || !cmp.Equal([]float64{web.Ran, web.RanCores}, []float64{ran, ran / 2}, cmpopts.EquateApprox(0, 1e-9)) {
		t.Errorf("web ran %+v", web)
	}
	if want := (120.0*1 + 118*8) * 30 / 3600; !cmp.Equal(web.Plan, want, cmpopts.EquateApprox(0, 1e-9)) {
		t.Errorf("the plans would have run %v replica-hours, want %v", web.Plan, want)
	}
	if web.RanShort < 0.4 || web.RanShort > 0.6 || web.PlanShort < 2/238.0 || web.PlanShort > 0.6 {
		t.Errorf("short in %v of the steps, by plan %v", web.RanShort, web.PlanShort)
	}
	if diff := cmp.Diff([]float64{0.5, 118 / 240.0, 0}, []float64{*got.Violated, *got.Avoidable, *got.Added}, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("violated, avoidable, added (-want +got):\n%s", diff)
	}
}

// TestAutoscalersKeepPlansForTheirWindow lets the plan fall from eight replicas to one, which
// has an effect after a lead time of two steps and the stabilisation window.
func TestAutoscalersKeepPlansForTheirWindow(t *testing.T) {
	planned := func(t int) float64 {
		if t < 120 {
			return 8
		}
		return 1
	}
	for window, steps := range map[time.Duration]float64{0: 0, 15 * time.Second: 0, time.Minute: 2, 5 * time.Minute: 10} {
		s := DefaultLiveSpec()
		s.Stabilization = window
		got, err := CompareLive(lived(planned), nil, s)
		if err != nil {
			t.Fatal(err)
		}
		if want := ((120+steps)*8 + (118-steps)*1) * 30 / 3600; !cmp.Equal(got.Total.Plan, want, cmpopts.EquateApprox(0, 1e-9)) {
			t.Errorf("with a window of %v the plans would have run %v replica-hours, want %v", window, got.Total.Plan, want)
		}
	}
}

func TestCompareLiveNeedsPlans(t *testing.T) {
	w := lived(func(int) float64 { return math.NaN() })
	if _, err := CompareLive(w, nil, DefaultLiveSpec()); err == nil || !strings.Contains(err.Error(), "scrape the adapter") {
		t.Errorf("error %v", err)
	}
	plain, err := w.Select(estimator.DefaultFeatures())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CompareLive(plain, nil, DefaultLiveSpec()); err == nil {
		t.Error("compared a history without plans")
	}
}

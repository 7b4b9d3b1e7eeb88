package plan_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

var (
	web     = estimator.Service{Namespace: "shop", Name: "web"}
	cart    = estimator.Service{Namespace: "shop", Name: "cart"}
	missing = math.NaN()
)

// telemetry is that of one service, the newest last. A shorter series begins
// with as many steps of its first value as it lacks.
type telemetry struct{ replicas, cpu, latency, requests []float64 }

func steady() telemetry {
	return telemetry{replicas: []float64{4}, cpu: []float64{0.6}, latency: []float64{0.05}, requests: []float64{100}}
}

// shop is a window of twelve steps in which web calls cart, which is steady.
func shop(t telemetry) *estimator.Window {
	w := estimator.NewWindow([]estimator.Service{cart, web}, estimator.DefaultFeatures(), 12, 30*time.Second, time.Unix(1_760_000_000, 0))
	for n, of := range []telemetry{steady(), t} {
		for c, values := range [][]float64{of.replicas, of.cpu, of.latency, of.requests, {0.4}} {
			for step := range w.Steps {
				w.Set(n, step, c, values[max(0, len(values)-w.Steps+step)])
			}
		}
	}
	w.Calls = &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 1, Rate: 100}, {Source: 1, Destination: 0, Rate: 100},
	}}
	return w
}

// planned sends a window through the estimators that serve without a model.
func planned(t *testing.T, w *estimator.Window, pods map[estimator.Service]int, least int) *plan.Plan {
	t.Helper()
	hab, err := queueing.NewHAB(queueing.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	mmn, err := queueing.NewMMN(queueing.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	f, err := estimator.First(hab, mmn).Estimate(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	bounds := map[estimator.Service]plan.Bounds{web: {Min: least, Max: 20}, cart: {Min: 1, Max: 20}}
	p, err := plan.Make(plan.DefaultConfig(), f, bounds, plan.Observed{Window: w, Pods: pods}, w.End)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// then appends values to a series.
func then(parts ...[]float64) (series []float64) {
	for _, p := range parts {
		series = append(series, p...)
	}
	return series
}

func times(n int, v float64) []float64 {
	series := make([]float64, n)
	for i := range series {
		series[i] = v
	}
	return series
}

// Overload takes readiness before anything else, and what ready pods answer then
// looks like a falling load. To scale in on that ends the service: autoscalers hold
// or keep the pods they have (compare kubernetes/kubernetes#130130 and #51650).
func TestOverloadNeverScalesIn(t *testing.T) {
	counted := map[estimator.Service]int{web: 4}
	for name, c := range map[string]struct {
		load  telemetry
		pods  map[estimator.Service]int
		want  int // 0 for hold
		clamp plan.Clamp
	}{
		"base": {steady(), nil, 4, plan.Unclamped},
		"a, just lost": {telemetry{
			then(times(10, 4), times(2, 0)), then(times(9, 0.6), times(3, 1)), then(times(10, 0.05), times(2, missing)), then(times(9, 100), []float64{160, 0, 0})}, nil, 0, 0},
		"b, lost for two minutes": {telemetry{
			then(times(8, 4), times(4, 0)), then(times(7, 0.6), times(5, 1)), then(times(8, 0.05), times(4, missing)), then(times(7, 100), []float64{160}, times(4, 0))}, nil, 0, 0},
		"c, lost for four minutes": {telemetry{
			then(times(4, 4), times(8, 0)), then(times(3, 0.6), times(9, 1)), then(times(4, 0.05), times(8, missing)), then(times(3, 100), []float64{160}, times(8, 0))}, nil, 0, 0},
		"c, pods counted": {telemetry{
			then(times(4, 4), times(8, 0)), then(times(3, 0.6), times(9, 1)), then(times(4, 0.05), times(8, missing)), then(times(3, 100), []float64{160}, times(8, 0))}, counted, 0, 0},
		"d, one is left": {telemetry{
			then(times(8, 4), times(4, 1)), then(times(7, 0.6), times(5, 1)), then(times(7, 0.05), []float64{1}, times(4, 3)), then(times(7, 100), []float64{160}, times(4, 40))}, map[estimator.Service]int{web: 6}, 6, plan.AtPods},
		// The window has forgotten the others.
		"one is left for long": {telemetry{times(12, 1), times(12, 1), times(12, 3), times(12, 10)}, map[estimator.Service]int{web: 6}, 6, plan.AtPods},
		// Two pods at their limit and two that do nothing.
		"half is left": {telemetry{
			then(times(8, 4), times(4, 2)), then(times(8, 0.6), times(4, 0.5)), times(12, 0.05), then(times(8, 100), times(4, 40))}, counted, 4, plan.AtPods},
		// A release replaces pods while the load is low: nothing is overloaded.
		"half is left in the night": {telemetry{
			then(times(8, 4), times(4, 2)), times(12, 0.2), times(12, 0.05), then(times(8, 30), times(4, 15))}, counted, 1, plan.Unclamped},
		"all ready (control)": {telemetry{
			times(12, 4), then(times(9, 0.6), times(3, 1)), then(times(9, 0.05), []float64{1, 3, 3}), then(times(9, 100), times(3, 160))}, counted, 16, plan.Unclamped},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := planned(t, shop(c.load), c.pods, 1).Decision(web)
			switch {
			case c.want == 0:
				if !errors.Is(d.Err, plan.ErrNotReady) {
					t.Errorf("planned %d (%v), want to hold while no pod is ready", d.Replicas, d.Err)
				}
			case d.Err != nil || d.Replicas != c.want || d.Clamp != c.clamp:
				t.Errorf("planned %d (%v, need %v, error %v), want %d (%v)", d.Replicas, d.Clamp, d.Need, d.Err, c.want, c.clamp)
			}
		})
	}
}

// A service that loses the readiness of any of its pods under full load is never
// planned with fewer than it had before.
func TestLosingReadinessNeverLowersThePlan(t *testing.T) {
	for ready := range 5 {
		for steps := 1; steps <= 11; steps++ {
			w := shop(telemetry{
				replicas: then(times(12-steps, 4), times(steps, float64(ready))),
				cpu:      then(times(12-steps, 0.6), times(steps, 1)),
				latency:  then(times(12-steps, 0.05), times(steps, 2)),
				requests: then(times(12-steps, 100), times(steps, 30*float64(ready))),
			})
			for _, pods := range []map[estimator.Service]int{nil, {web: 4}} {
				if n, err := planned(t, w, pods, 1).Replicas(web); err == nil && n < 4 {
					t.Errorf("%d of 4 ready for %d steps, pods counted %v: planned %d", ready, steps, pods != nil, n)
				}
			}
		}
	}
}

// What a service's own pods measure cannot bring it back from zero, so it never
// gets there, and one that is there gets a pod (compare kedacore/keda#6040).
func TestNeverZero(t *testing.T) {
	idle := telemetry{replicas: []float64{1}, cpu: []float64{0}, latency: []float64{missing}, requests: []float64{0}}
	gone := telemetry{replicas: []float64{0}, cpu: []float64{missing}, latency: []float64{missing}, requests: []float64{missing}}
	for name, c := range map[string]struct {
		load  telemetry
		pods  map[estimator.Service]int
		least int
		want  int // 0 for hold
	}{
		"idle, bounded by 0":               {idle, nil, 0, 1},
		"idle, bounded by 2":               {idle, nil, 2, 2},
		"at zero, which is allowed":        {gone, map[estimator.Service]int{web: 0}, 0, 1},
		"back from zero, count is late":    {steady(), map[estimator.Service]int{web: 0}, 0, 4},
		"at zero by hand":                  {gone, map[estimator.Service]int{web: 0}, 1, 0},
		"telemetry lost, pods not counted": {gone, nil, 0, 0},
		"telemetry lost, pods are there":   {gone, map[estimator.Service]int{web: 3}, 0, 0},
	} {
		n, err := planned(t, shop(c.load), c.pods, c.least).Replicas(web)
		if n != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("%s: planned %d, %v, want %d", name, n, err, c.want)
		}
	}
}

func TestAnUnknownNeedNamesWhatIsMissing(t *testing.T) {
	w := shop(telemetry{replicas: []float64{4}, cpu: []float64{0.6}, latency: []float64{missing}, requests: []float64{missing}})
	_, err := planned(t, w, nil, 1).Replicas(web)
	if !errors.Is(err, plan.ErrNoForecast) || err.Error() != "service shop/web: no forecast: its telemetry lacks requests" {
		t.Errorf("error %v", err)
	}
}

package labels

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// The label `required` finds what an application needed in telemetry that a
// scaler left behind who knew nothing of it: every service took its replicas at
// random, often too few. The truth is what constant loads need in a testbed with
// that many replicas.
func TestRequiredLabelIsTheTruth(t *testing.T) {
	for _, tc := range []struct {
		application string
		loads       []float64 // requests per second of users
		least       int       // replicas that a service may fall to
		duration    time.Duration
		services    []string
	}{
		{"bookinfo", []float64{150, 300, 450}, 1, 40 * time.Minute, []string{"productpage", "ratings", "reviews"}},
		{"online-boutique", []float64{40, 80, 120}, 1, 24 * time.Minute, []string{"frontend", "recommendationservice"}},
	} {
		t.Run(tc.application, func(t *testing.T) {
			t.Parallel()
			h := remember(t, tc.application, tc.loads, tc.least, tc.duration)
			hidden := 0
			for _, service := range tc.services {
				truth := map[float64]int{} // by the service's requests per second
				for _, rps := range tc.loads {
					rate, n := h.enough(t, service, rps)
					truth[rate] = n
				}
				got := h.compare(t, service, truth)
				t.Logf("%s: share %.1f ms, truth %v, %+v", service, 1e3*h.share(service), truth, got)
				if got.compared < 25 || got.near < 0.9*float64(got.compared) {
					t.Errorf("%s: %v of %d labels are within one replica of the truth, want 0.9 of at least 25", service, got.near, got.compared)
				}
				if exact := float64(got.off[0]); exact < 0.6*float64(got.compared) {
					t.Errorf("%s: %v of %d labels are planned to the truth itself, want 0.6", service, exact, got.compared)
				}
				hidden += got.hidden
			}
			if hidden < 10 {
				t.Errorf("services were saturated in %d steps, want at least 10 to learn from", hidden)
			}
		})
	}
}

// agreement sums up how labels compare with the truth.
type agreement struct {
	// compared are the steps at a load of which the truth is known, off counts
	// them by what a plan makes of the label − truth, near those within one replica.
	compared int
	near     float64
	off      map[int]int
	// hidden are the saturated steps.
	hidden int
}

// compare compares the labels of a service with the truth at steps of nearly
// the same load. It fails the test where fewer replicas than were saturated count as enough.
func (h *recorded) compare(t *testing.T, service string, truth map[float64]int) agreement {
	t.Helper()
	got := agreement{off: map[int]int{}}
	n := h.series.Service(estimator.Service{Name: service})
	at := func(step int, f estimator.Feature) float64 { return h.series.At(n, step, h.series.Channel(f)) }
	for step := range h.series.Steps {
		k := step*len(h.series.Services) + n
		label := h.labels.Values[k]
		if demand.Saturated(at(step, estimator.CPU)) {
			got.hidden++
			if ran := at(step, estimator.Replicas); !(label >= ran+1 && h.labels.Censored[k]) {
				t.Errorf("%s at step %d: %v replicas count as enough where %v were saturated", service, step, label, ran)
			}
			continue
		}
		for rate, want := range truth {
			if math.Abs(at(step, estimator.Requests)/rate-1) < 0.05 {
				off := math.Ceil(label-plan.DefaultConfig().RoundingTolerance) - float64(want)
				got.compared++
				got.off[int(off)]++
				if math.Abs(off) <= 1 {
					got.near++
				}
			}
		}
	}
	return got
}

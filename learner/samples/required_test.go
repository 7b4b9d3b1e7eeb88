package samples

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

var requiredFeatures = []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Latency, estimator.Requests}

func requiredSeries(services []estimator.Service, steps int) *estimator.Window {
	return blank(steps, 30*time.Second, services, requiredFeatures...)
}

func setRow(s *estimator.Window, t, n int, replicas, cpu, latency, requests float64) {
	copy(s.Row(n, t), []float64{replicas, cpu, latency, requests})
}

func TestRequiredErrors(t *testing.T) {
	for want, tc := range map[string]struct {
		label    Required
		features []estimator.Feature
	}{
		"slo is -1ns": {Required{SLO: -1}, requiredFeatures},
		"invocation graph: edge 0→1 is not between 1 services": {Required{Calls: []estimator.Edge{{Source: 0, Destination: 1, Weight: 1}}}, requiredFeatures},
		`no feature "latency"`: {Required{}, []estimator.Feature{"cpu", "replicas", "requests"}},
	} {
		s := blank(10, 1, fakehistory.Named("a"), tc.features...)
		if _, err := tc.label.Label(s, estimator.Range{To: 5}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestRequiredSamples(t *testing.T) {
	s := requiredSeries(fakehistory.Named("a", "silent"), 200)
	for k := range 200 {
		u := 0.4 + 0.2*math.Sin(float64(k)/9)
		setRow(s, k, 0, 4, u, 0.02/(1-u), u*4/0.02)
	}
	d := mustNew(t, s, Options{Label: Required{}, Horizons: []int{1, 2}})
	x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
	d.Batch(Test, []int{0}, x, y)
	for h, v := range y {
		if silent := h >= 2; silent != math.IsNaN(float64(v)) {
			t.Errorf("label %d is %v: only the service that never answered is masked", h, v)
		}
	}
}

// Labels of saturated steps are lower bounds, in the sample of every horizon.
func TestRequiredCensorsSaturation(t *testing.T) {
	s := scaledAtRandom(100)
	for _, k := range []int{90, 93} {
		setRow(s, k, 0, 2, 0.97, 0.5, 95)
	}
	d := mustNew(t, s, Options{Window: 3, Label: Required{}, Horizons: []int{1, 3}})
	mask, labels := make([]bool, d.LabelLen()), make([]float64, d.LabelLen())
	for i := range d.Samples(Test) {
		d.Censored(Test, []int{i}, mask)
		d.Labels(Test, []int{i}, labels)
		for k, ahead := range []int{1, 3, 1, 3} {
			at := d.Origin(Test, i) + ahead
			want := k < 2 && (at == 90 || at == 93)
			if mask[k] != want || want && !(labels[k] >= 3) {
				t.Errorf("label %d of the sample at %d is %v, a lower bound %v, want %v", k, d.Origin(Test, i), labels[k], mask[k], want)
			}
		}
	}
}

package demand

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestArrivals sends a burst through a queue that answers at most 100 requests per second,
// first come, first served.
func TestArrivals(t *testing.T) {
	const step, most = 10.0, 100.0
	came := []float64{50, 50, 50, 200, 200, 50, 50, 50, 50, 50, 50, 50}
	// arrived returns when so many requests had come.
	arrived := func(count float64) float64 {
		for t, rate := range came {
			if count <= rate*step {
				return (float64(t) + count/(rate*step)) * step
			}
			count -= rate * step
		}
		return float64(len(came)) * step
	}
	var answered, latency []float64
	waiting, done := 0.0, 0.0
	for t, rate := range came {
		count := min(most*step, waiting+rate*step)
		waiting, done = waiting+rate*step-count, done+count
		answered, latency = append(answered, count/step), append(latency, float64(t+1)*step-arrived(done))
	}
	if cmp.Equal(answered, came) {
		t.Fatal("nothing waits")
	}
	if diff := cmp.Diff(came, Arrivals(answered, latency, step), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("arrivals (-want +got):\n%s", diff)
	}
}

func TestArrivalsWithGaps(t *testing.T) {
	nan := math.NaN()
	for name, tt := range map[string]struct{ answered, latency, want []float64 }{
		"nobody waits":       {[]float64{1, 2, 3}, []float64{0, 0, 0}, []float64{1, 2, 3}},
		"latency is missing": {[]float64{1, 2, 3}, []float64{nan, nan, nan}, []float64{1, 2, 3}},
		"a gap":              {[]float64{1, nan, 3}, []float64{0, 0, 0}, []float64{1, nan, 3}},
		"nothing":            {nil, nil, []float64{}},
		"always half a step": {[]float64{4, 4, 4}, []float64{5, 5, 5}, []float64{4, 4, 4}},
	} {
		got := Arrivals(tt.answered, tt.latency, 10)
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestArrivalsOfQueuesThatOverflow: what was turned away came as what was answered later.
func TestArrivalsOfQueuesThatOverflow(t *testing.T) {
	got := Arrivals([]float64{4, 4, 1, 1, 8, 4, 4}, []float64{.1, .1, .9, .9, .9, .1, .1}, 10)
	for step, want := range []bool{false, false, true, true, true, false, false} {
		if high := got[step] > 7; high != want {
			t.Errorf("arrivals %.1f: %v at step %d, want above 7: %v", got, got[step], step, want)
		}
	}
}

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
	got, _ := Arrivals(answered, latency, step)
	if diff := cmp.Diff(came, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
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
		got, _ := Arrivals(tt.answered, tt.latency, 10)
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestArrivalsOfQueuesThatOverflow: what was turned away came as what was answered later.
func TestArrivalsOfQueuesThatOverflow(t *testing.T) {
	got, shown := Arrivals([]float64{40, 40, 15, 15, 80, 40, 40}, []float64{.1, .1, .9, .9, .9, .1, .1}, 10)
	want := []Shown{Whole, Whole, Less, Less, Less, Whole, Whole}
	for step, shown := range want {
		want := shown == Less
		if high := got[step] > 70; high != want {
			t.Errorf("arrivals %.1f: %v at step %d, want above 70: %v", got, got[step], step, want)
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("lower bounds (-want +got):\n%s", diff)
	}
}

func TestQueuesHideArrivals(t *testing.T) {
	for name, c := range map[string]struct {
		answered, latency float64
		rising            bool
		want              Shown
	}{
		"full":                {answered: 100, latency: 4, want: Less},
		"has room":            {answered: 100, latency: 4, rising: true, want: AtLeast},
		"slow, but no queue":  {answered: 1, latency: 4},
		"as fast as any time": {answered: 100, latency: 0.15},
		"answers are missing": {answered: math.NaN(), latency: 4},
	} {
		t.Run(name, func(t *testing.T) {
			answered, latency := make([]float64, 40), make([]float64, 40)
			for i := range answered {
				answered[i], latency[i] = 50, 0.1
				if i >= 30 && i < 34 {
					answered[i], latency[i] = c.answered, c.latency
					if c.rising {
						latency[i] *= float64(i - 29)
					}
				}
			}
			_, shown := Arrivals(answered, latency, 10)
			for i, got := range shown {
				want := Whole
				if i >= 30 && i < 34 {
					want = c.want
				}
				if got != want {
					t.Errorf("step %d shows %v, want %v", i, got, want)
				}
			}
		})
	}
}

package train

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// A front calls a back twice for each request; some numbers of either are missing.
func TestDependentReadsRequestsAndLatency(t *testing.T) {
	all := []estimator.Feature{estimator.CPU, estimator.Latency, estimator.Requests}
	w := estimator.NewWindow(make([]estimator.Service, 2), all, 100, time.Minute, time.Unix(0, 0))
	random := rand.New(rand.NewPCG(1, 1))
	for step := range w.Steps {
		users := 10 + random.NormFloat64()
		for n, values := range [][]float64{{0.5, 0.2, users}, {0.5, 0.05, 2*users + 0.1*random.NormFloat64()}} {
			for c, v := range values {
				if step%10 == 5+n {
					v = math.NaN()
				}
				w.Set(n, step, c, v)
			}
		}
	}
	if got := dependent(w); len(got) != 4 || got[1] == 0 {
		t.Errorf("weights are %v, want one from the first service to the second", got)
	}
	for _, features := range [][]estimator.Feature{{estimator.CPU, estimator.Latency}, {estimator.CPU, estimator.Requests}} {
		part, err := w.Select(features)
		if err != nil {
			t.Fatal(err)
		}
		if got := dependent(part); got != nil {
			t.Errorf("weights from %v are %v, want none", features, got)
		}
	}
}

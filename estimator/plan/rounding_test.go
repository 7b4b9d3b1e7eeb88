package plan

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// TestNoiseOfForecastsCostsNoReplicas plans from needs and from forecasts of them that
// are off by a tenth to three tenths of a replica. Had needs been rounded before, the
// plan would round every small excess up again.
func TestNoiseOfForecastsCostsNoReplicas(t *testing.T) {
	const steps = 4000
	r := rand.New(rand.NewPCG(61, 62))
	s := demand.Service{Step: 30}
	for range steps {
		rate := 60 + 200*r.Float64()
		u := rate * 0.02 / 8
		s.Replicas, s.CPU, s.Requests, s.Latency = append(s.Replicas, 8), append(s.CPU, u), append(s.Requests, rate), append(s.Latency, 0.02/(1-u))
	}
	h, err := demand.Look(demand.Policy{}, []demand.Service{s}, nil, estimator.Range{To: steps / 2})
	if err != nil {
		t.Fatal(err)
	}
	needs := h.Needs(0)
	excess := func(deviation float64, label func(need float64) float64) float64 {
		sum := 0.0
		for _, need := range needs {
			forecast := max(0, label(need.Replicas)+deviation*r.NormFloat64())
			sum += float64(planned(t, forecast)-planned(t, need.Replicas)) / steps
		}
		return sum
	}
	for _, deviation := range []float64{0.1, 0.2, 0.3} {
		fraction, whole := excess(deviation, func(need float64) float64 { return need }), excess(deviation, math.Ceil)
		t.Logf("at a noise of %v: %+.3f replicas, %+.3f from whole labels", deviation, fraction, whole)
		if math.Abs(fraction) > 0.03 {
			t.Errorf("a noise of %v costs %v replicas, want none", deviation, fraction)
		}
		if whole < 0.25 {
			t.Errorf("whole labels cost %v replicas at a noise of %v: too little to tell them apart", whole, deviation)
		}
	}
}

// planned returns the replicas that a need is planned to.
func planned(t *testing.T, need float64) int {
	t.Helper()
	service := estimator.Service{Namespace: "shop", Name: "web"}
	f := estimator.NewForecast([]estimator.Service{service}, 1, 30*time.Second)
	f.Set(0, 0, need)
	p, err := Make(DefaultConfig(), f, map[estimator.Service]Bounds{service: {Min: 1, Max: 1000}}, Observed{}, madeAt)
	if err != nil {
		t.Fatal(err)
	}
	n, err := p.Replicas(service)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

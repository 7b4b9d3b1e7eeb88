package plan

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// FuzzMake plans arbitrary needs: every decision is within its bounds and
// serves the need up to the tolerance, or it is an error.
func FuzzMake(f *testing.F) {
	f.Add(3.2, 4.0, 1, 10, int64(75), 0.05)
	f.Add(math.NaN(), 1.0, 1, 10, int64(75), 0.05)
	f.Add(0.0, -1.0, 0, 1, int64(1), 0.0)
	f.Add(math.Inf(1), math.MaxFloat64, -5, 2, int64(-3), 7.0)
	f.Fuzz(func(t *testing.T, first, second float64, least, most int, leadSeconds int64, tolerance float64) {
		c := Config{LeadTime: time.Duration(leadSeconds) * time.Second, RoundingTolerance: tolerance}
		forecast := forecastOf([]float64{first, second})
		p, err := Make(c, forecast, map[estimator.Service]Bounds{service("a"): {least, most}}, Observed{}, madeAt)
		if err != nil {
			return
		}
		d, ok := p.Decision(service("a"))
		if !ok || p.Len() != 1 {
			t.Fatal("the service is not in the plan")
		}
		if d.Err != nil {
			if !errors.Is(d.Err, ErrNoForecast) || !math.IsNaN(d.Need) {
				t.Fatalf("decision %+v", d)
			}
			return
		}
		if d.Replicas < max(1, least) || d.Replicas > most {
			t.Fatalf("%d replicas beyond [%d, %d]", d.Replicas, least, most)
		}
		if d.Need < 0 || math.IsInf(d.Need, 0) || d.Need < first && Steps(c.LeadTime, forecast.Step) > 0 {
			t.Fatalf("need %v for %v, %v", d.Need, first, second)
		}
		if d.Clamp != AtMax && float64(d.Replicas) < d.Need-tolerance-1e-9*d.Need {
			t.Fatalf("%d replicas do not serve a need of %v", d.Replicas, d.Need)
		}
		if d.Clamp == Unclamped && float64(d.Replicas) >= max(d.Need, 0)+1 {
			t.Fatalf("%d replicas waste for a need of %v", d.Replicas, d.Need)
		}
	})
}

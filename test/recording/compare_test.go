package recording

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

// near reports whether a figure of count requests is the true one. Prometheus sees
// counters at scrapes and extrapolates to the ends of every step: in a second of five
// it guesses, with the noise of rare requests.
func near(got, want, count float64) bool {
	return math.Abs(got-want) <= want*(0.05+2.5/math.Sqrt(count))
}

// compareSeries compares the mean over the range with what the testbed did.
func compareSeries(t *testing.T, a *application, done truth, s *estimator.Window) {
	t.Helper()
	for n, name := range s.Services {
		i := a.Service(name.String())
		column := func(f estimator.Feature) []float64 {
			values := make([]float64, s.Steps)
			for at := range values {
				values[at] = s.At(n, at, s.Channel(f))
			}
			return values
		}
		requests := column(estimator.Requests)
		total := done.totals[i]
		count := float64(total.Requests)
		for _, c := range []struct {
			feature   estimator.Feature
			got, want float64
		}{
			{estimator.Requests, mean(requests, nil), count / (steps * step.Seconds())},
			{estimator.Latency, mean(column(estimator.Latency), requests), total.Seconds / count},
			{estimator.CPU, mean(column(estimator.CPU), nil), total.CPU / total.Limit},
			{estimator.Memory, mean(column(estimator.Memory), nil), done.memory[i]},
		} {
			if !near(c.got, c.want, count) { // NaN is near nothing
				t.Errorf("%s of %s is %v, the testbed had %v (%v requests)", c.feature, name, c.got, c.want, count)
			}
		}
		for at, got := range column(estimator.Replicas) {
			if got != float64(done.ready[i]) {
				t.Errorf("%s has %v replicas at step %d, want %d", name, got, at, done.ready[i])
			}
		}
	}
}

// compareGraph compares the edges and their weights, calls for each call of the
// source.
func compareGraph(t *testing.T, a *application, done truth, services []estimator.Service, got []estimator.Edge) {
	t.Helper()
	recorded, want, calls := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, e := range got {
		recorded[services[e.Source].String()+" → "+services[e.Destination].String()] = e.Weight
	}
	for i, row := range done.calls {
		for j, n := range row {
			if n > 0 {
				edge := a.Services[i].Name + " → " + a.Services[j].Name
				want[edge], calls[edge] = n/float64(done.totals[i].Requests), n
			}
		}
	}
	edges := func(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }
	if diff := cmp.Diff(edges(want), edges(recorded)); diff != "" {
		t.Errorf("edges (-testbed +recorded):\n%s", diff)
	}
	for edge, weight := range want {
		if !near(recorded[edge], weight, calls[edge]) {
			t.Errorf("%s has the weight %v, the testbed made %v calls for each of the source", edge, recorded[edge], weight)
		}
	}
}

// mean returns the mean with weights, or equal ones when they are nil.
func mean(values, weights []float64) float64 {
	sum, total := 0.0, 0.0
	for i, v := range values {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		sum += w * v
		total += w
	}
	return sum / total
}

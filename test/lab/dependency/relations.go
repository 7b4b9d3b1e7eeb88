// Package dependency measures which share of the relations between services a learned
// graph captures (§V-C and Fig. 11 of the paper).
package dependency

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/deepscaler/deepscaler/estimator"
)

// Relations are pairs of services, source·N+destination.
type Relations []bool

// Passes returns the OD relations (Eq. 15): of the services that a service calls, those
// that get more than half of the requests of the one it calls most.
func Passes(services int, edges []estimator.Edge) Relations {
	calls := make([]float64, services*services)
	for _, e := range edges {
		calls[e.Source*services+e.Destination] += e.Weight
	}
	out := make(Relations, len(calls))
	for i := range services {
		row := calls[i*services : (i+1)*services]
		most := slices.Max(row)
		for j, v := range row {
			out[i*services+j] = i != j && v > most/2
		}
	}
	return out
}

// Correlations returns the CC relations (Eq. 16): pairs whose requests have a rank
// correlation above the threshold T_C of the first service. The paper leaves that open;
// here it is the mean of the service's correlations with all others and one standard
// deviation, since under a common load all are high.
func Correlations(w *estimator.Window) Relations {
	n, c := len(w.Services), w.Channel(estimator.Requests)
	all := make([][]float64, n)
	for i := range all {
		series := make([]float64, w.Steps)
		for t := range series {
			if series[t] = w.At(i, t, c); math.IsNaN(series[t]) {
				series[t] = 0 // no request at all
			}
		}
		all[i] = ranks(series)
	}
	out := make(Relations, n*n)
	for i := range n {
		var strengths []float64
		var others []int
		for j := range n {
			if r := math.Abs(stat.Correlation(all[i], all[j], nil)); i != j && !math.IsNaN(r) {
				strengths, others = append(strengths, r), append(others, j)
			}
		}
		mean, deviation := stat.MeanStdDev(strengths, nil)
		for k, r := range strengths {
			out[i*n+others[k]] = r > mean+deviation
		}
	}
	return out
}

// ranks returns the rank of every value; equal ones share theirs.
func ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	out := make([]float64, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		after, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
		out[i] = float64(first+after-1) / 2
	}
	return out
}

// Learned returns the edges of an affinity matrix, without those of a service to itself.
func Learned(affinity []float32, services int) Relations {
	out := make(Relations, len(affinity))
	for i, v := range affinity {
		out[i] = v > 0 && i/services != i%services
	}
	return out
}

// Undirected returns the relations in both directions.
func (r Relations) Undirected(services int) Relations {
	out := slices.Clone(r)
	for i := range r {
		out[i] = r[i] || r[i%services*services+i/services]
	}
	return out
}

// Count returns the number of relations.
func (r Relations) Count() (n int) {
	for _, is := range r {
		if is {
			n++
		}
	}
	return n
}

// Captured returns the share of the relations that others have, too; 1 of none.
func (r Relations) Captured(others Relations) float64 {
	both := 0
	for i := range r {
		if r[i] && others[i] {
			both++
		}
	}
	if all := r.Count(); all > 0 {
		return float64(both) / float64(all)
	}
	return 1
}

// Jaccard returns the relations that both have as a share of those that either has; 1
// of none.
func (r Relations) Jaccard(others Relations) float64 {
	both, either := 0, 0
	for i := range r {
		if r[i] && others[i] {
			both++
		}
		if r[i] || others[i] {
			either++
		}
	}
	if either > 0 {
		return float64(both) / float64(either)
	}
	return 1
}

package em

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// fewest is the number of steps that show nothing.
const fewest = 10

// Dependent returns pairs of services whose requests rise together, N×N,
// source·N+destination, as weights for [Problem.Dependent].
//
// requests has a row of requests/s per service, of the same steps; latency has the usual
// response time of each, in seconds. NaN is unknown.
//
// A pair depends on each other if its partial correlation at the same step is positive and
// more than chance (Dempster, Covariance Selection, 1972), either given the services that
// may have caused the requests of both, which finds callers, or given all others, which
// finds services that the same users need.
func Dependent(requests [][]float64, latency []float64) []float32 {
	n := len(requests)
	edges := make([]float32, n*n)
	if n == 0 || len(requests[0]) < fewest {
		return edges
	}
	load, scale := make([][]float64, n), make([]float64, n)
	for i, r := range requests {
		load[i] = sampled(r, mostRows)
		scale[i] = standardise(load[i])
	}
	addTogether(edges, load)
	addCallers(edges, load, scale, latency)
	return edges
}

// mainCall is the fewest calls per request that make a service one of the callers to name.
// Slopes below are mostly of services that the same users need now and then.
const mainCall = 0.5

// addCallers adds an edge from each service to those that it could call and whose load,
// [service][step], standardised by scale, rises with its own.
//
// A caller waits for what it calls. So callers take longer than what they call, and the
// services that may have caused the requests of both are those that take longer still.
// Given all others instead, what siblings receive would explain what a service gets from
// its callers. The slope of a pair is in calls per request; the time for so many calls has
// to fit into the latency of the caller.
func addCallers(edges []float32, load [][]float64, scale, latency []float64) {
	n, rest := len(load), make([][]float64, len(load))
	var order []int // from the longest latency to the shortest
	for i, v := range load {
		rest[i] = slices.Clone(v)
		if scale[i] > 0 && !math.IsNaN(latency[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(latency[j], latency[i]) })
	for at, source := range order {
		cause := rest[source] // what services that take longer leave of its load
		own := squares(cause)
		if own < rounding {
			continue // a copy of what these receive
		}
		lasts := lasting(cause)
		for _, destination := range order[at+1:] {
			effect := rest[destination]
			slope := dot(cause, effect) / own
			calls := slope * scale[destination] / scale[source]
			r := slope * math.Sqrt(own/max(squares(effect), rounding))
			if calls >= mainCall && calls*latency[destination] <= latency[source] && significant(min(r*r, 1), independent(len(cause), lasts, lasting(effect)), n) {
				edges[source*n+destination] = faintest
			}
			axpy(-slope, cause, effect)
		}
	}
}

// addTogether adds edges both ways between services whose load, [service][step],
// standardised, rises together given that of all others.
func addTogether(edges []float32, load [][]float64) {
	n, rows := len(load), len(load[0])
	columns := mat.NewDense(rows, n, nil)
	for i, v := range load {
		columns.SetCol(i, v)
	}
	var precision mat.SymDense
	var factor mat.Cholesky
	precision.SymOuterK(1, columns.T())
	for i := range n {
		precision.SetSym(i, i, precision.At(i, i)+rounding)
	}
	if !factor.Factorize(&precision) || factor.InverseTo(&precision) != nil {
		return // too few steps for so many services
	}
	var left mat.Dense // what the load of all others leaves of that of each
	left.Mul(columns, &precision)
	lasts := make([]float64, n)
	for i := range n {
		lasts[i] = lasting(mat.Col(nil, i, &left))
		for j := range i {
			r := -precision.At(i, j) / math.Sqrt(precision.At(i, i)*precision.At(j, j))
			if r > 0 && significant(r*r, independent(rows, lasts[i], lasts[j]), n) {
				edges[i*n+j], edges[j*n+i] = faintest, faintest
			}
		}
	}
}

// sampled returns a copy of at most so many values, evenly spaced.
func sampled(values []float64, most int) []float64 {
	out := make([]float64, min(most, len(values)))
	for i := range out {
		out[i] = values[i*len(values)/len(out)]
	}
	return out
}

// lasting returns how much of a series lasts from one step to the next, 0 to 1.
func lasting(v []float64) float64 {
	r := stat.Correlation(v[1:], v[:len(v)-1], nil)
	if math.IsNaN(r) { // all values but one are the same
		return 1
	}
	return max(0, r)
}

// independent returns as how many independent pairs of values the steps of two series
// count, given how much of each lasts (Bartlett, 1935).
func independent(steps int, a, b float64) int {
	return max(1, int((1-a*b)/(1+a*b)*float64(steps)))
}

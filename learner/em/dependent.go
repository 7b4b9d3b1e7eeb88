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
	var calls []int // source·N+destination
	var chances []float64
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
			each := slope * scale[destination] / scale[source]
			p := 1.0
			if each >= mainCall && each*latency[destination] <= latency[source] {
				r := slope * math.Sqrt(own/max(squares(effect), rounding))
				p = chance(r, independent(len(cause), lasts, lasting(effect)))
			}
			calls, chances = append(calls, source*n+destination), append(chances, p)
			axpy(-slope, cause, effect)
		}
	}
	most := discovered(chances)
	for k, p := range chances {
		if p <= most {
			edges[calls[k]] = faintest
		}
	}
}

// addTogether adds edges both ways between services whose load, [service][step],
// standardised, rises together given that of all others. Services with the same requests are
// one: each of them would explain the others, and leave nothing that rises with a third.
func addTogether(edges []float32, load [][]float64) {
	groups := same(load)
	columns := make([][]float64, len(groups))
	for i, g := range groups {
		columns[i] = load[g[0]]
	}
	related := together(columns)
	for i, sources := range groups {
		for j, destinations := range groups {
			if i != j && !related[i*len(groups)+j] {
				continue
			}
			for _, source := range sources {
				for _, destination := range destinations {
					if source != destination {
						edges[source*len(load)+destination] = faintest
					}
				}
			}
		}
	}
}

// copied is the share of a load that another may leave unexplained and still be the same
// requests, seen at other scrapes.
const copied = 1e-3

// same returns the services in groups of the same requests.
func same(load [][]float64) (groups [][]int) {
	for i, v := range load {
		k := slices.IndexFunc(groups, func(g []int) bool { return dot(v, load[g[0]]) > math.Sqrt(1-copied) })
		if k < 0 {
			groups = append(groups, []int{i})
		} else {
			groups[k] = append(groups[k], i)
		}
	}
	return groups
}

// together returns which columns, standardised, rise together given all others, N×N.
func together(all [][]float64) []bool {
	n, rows := len(all), len(all[0])
	related := make([]bool, n*n)
	columns := mat.NewDense(rows, n, nil)
	for i, v := range all {
		columns.SetCol(i, v)
	}
	var precision mat.SymDense
	var factor mat.Cholesky
	precision.SymOuterK(1, columns.T())
	for i := range n {
		precision.SetSym(i, i, precision.At(i, i)+rounding)
	}
	if !factor.Factorize(&precision) || factor.InverseTo(&precision) != nil {
		return related // too few steps for so many services
	}
	var left mat.Dense // what all others leave of each
	left.Mul(columns, &precision)
	lasts := make([]float64, n)
	chances := make([]float64, 0, n*(n-1)/2)
	for i := range n {
		lasts[i] = lasting(mat.Col(nil, i, &left))
		for j := range i {
			r := -precision.At(i, j) / math.Sqrt(precision.At(i, i)*precision.At(j, j))
			chances = append(chances, chance(r, independent(rows, lasts[i], lasts[j])))
		}
	}
	most, k := discovered(chances), 0
	for i := range n {
		for j := range i {
			related[i*n+j] = chances[k] <= most
			related[j*n+i] = related[i*n+j]
			k++
		}
	}
	return related
}

// chance returns how probable so large a correlation of so many independent pairs of values
// is where there is none.
func chance(r float64, pairs int) float64 {
	if !(r > 0) {
		return 1
	}
	return math.Erfc(math.Sqrt(-float64(pairs)*math.Log1p(-min(r*r, 1-rounding))/2)) / 2
}

// falsely is the share of the discoveries that may be false.
const falsely = 0.05

// discovered returns the chance up to which tests are discoveries (Benjamini and Hochberg,
// 1995); -1 if none is. Where much is related, a bound for each alone misses the weaker half.
func discovered(chances []float64) float64 {
	most := -1.0
	for k, p := range slices.Sorted(slices.Values(chances)) {
		if p <= falsely*float64(k+1)/float64(len(chances)) {
			most = p
		}
	}
	return most
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

package em

import (
	"math"
	"slices"
)

const (
	mostSteps = 24   // columns chosen for one service
	collinear = 0.01 // share of a column that must be new
	rounding  = 1e-4 // share of the labels that may stay unexplained
	alike     = 1.02 // ratio of what two columns leave unexplained that is about the same
)

// sources returns the services that are not known and whose past explains the labels of
// a service, [row], standardised. The square of a weight is the share that no other
// service explains.
//
// It chooses columns step by step, first those of the known sources, of which the service
// itself is one: what they tell needs no other edge. Each must explain more than the best
// of as many columns of noise would (the extended Bayesian information criterion of Chen
// and Chen, 2008). Then it drops sources that the others make needless.
func (p *past) sources(known func(source int) bool, labels []float64) map[int]float64 {
	chosen := p.forward(known, labels, true)
	for {
		full := p.left(labels, chosen)
		weights, weakest, least := map[int]float64{}, -1, 0.0
		for _, k := range chosen {
			source := k / p.each
			if _, done := weights[source]; done || known(source) {
				continue
			}
			left := p.left(labels, p.without(chosen, source))
			weights[source] = math.Sqrt(max(0, left-full))
			if share := 1 - full/left; weakest < 0 || share < least {
				weakest, least = source, share
			}
		}
		if weakest < 0 || significant(least, len(labels), len(p.columns)) {
			return weights
		}
		chosen = p.without(chosen, weakest)
	}
}

func (p *past) without(columns []int, service int) []int {
	return slices.DeleteFunc(slices.Clone(columns), func(k int) bool { return k/p.each == service })
}

// rest returns what the past of known sources leaves of labels, standardised.
func (p *past) rest(labels []float64, known func(source int) bool) []float32 {
	r := regression{rest: labels}
	for _, k := range p.forward(known, labels, false) {
		r.add(p.columns[k])
	}
	out := make([]float32, len(labels))
	for i, v := range r.rest {
		out[i] = float32(v)
	}
	standardise(out)
	return out
}

// left returns the squares of the residuals of a regression on columns.
func (p *past) left(labels []float64, columns []int) float64 {
	r := regression{rest: slices.Clone(labels)}
	for _, k := range columns {
		r.add(p.columns[k])
	}
	return squares(r.rest)
}

// forward returns the columns that explain something, in the order of choice: those of
// known sources, and then any if others may be asked.
func (p *past) forward(known func(source int) bool, labels []float64, ask bool) (chosen []int) {
	r := regression{rest: slices.Clone(labels)}
	fresh := make([]float64, len(p.columns)) // share of a column that is new
	among := 0                               // columns of the known sources
	for k, c := range p.columns {
		fresh[k] = squares(c)
		if known(k / p.each) {
			among++
		}
	}
	for others := false; len(chosen) < mostSteps && squares(r.rest) > rounding; {
		best := p.best(&r, fresh, func(k int) bool { return others || known(k/p.each) }, func(share float64, k int) bool {
			if known(k / p.each) {
				return significant(share, len(labels), among)
			}
			return significant(share, len(labels), len(p.columns))
		})
		if best < 0 && (others || !ask) {
			break
		}
		if best < 0 {
			others = true
			continue
		}
		q := r.add(p.columns[best])
		for k, c := range p.columns {
			d := dot(c, q)
			fresh[k] -= d * d
		}
		fresh[best] = 0
		chosen = append(chosen, best)
	}
	return chosen
}

// best returns the allowed column that explains most and enough, or -1. Of columns that
// leave about the same, the latest is the cause of what the others tell.
func (p *past) best(r *regression, fresh []float64, allowed func(column int) bool, enough func(share float64, column int) bool) int {
	left := squares(r.rest)
	best, rest := -1, 1.0
	for k, c := range p.columns {
		if fresh[k] < collinear || !allowed(k) {
			continue
		}
		d := dot(c, r.rest)
		share := d * d / (fresh[k] * left)
		without := 1 - share + rounding
		later := best >= 0 && p.age(k) < p.age(best)
		if enough(share, k) && (best < 0 || without*alike < rest || later && without < rest*alike) {
			best, rest = k, without
		}
	}
	return best
}

// regression is least squares on columns that are added one by one.
type regression struct {
	rest []float64
	base [][]float64 // orthonormal, of the columns that were added
}

// add adds a column and returns its direction that is new.
func (r *regression) add(column []float32) []float64 {
	q := make([]float64, len(column))
	for i, v := range column {
		q[i] = float64(v)
	}
	for _, b := range r.base {
		axpy(-dot(b, q), b, q)
	}
	norm := math.Sqrt(squares(q))
	for i := range q {
		q[i] /= norm
	}
	axpy(-dot(q, r.rest), q, r.rest)
	r.base = append(r.base, q)
	return q
}

// significant reports whether so large a share of the squares is more than chance
// explains by the best of so many columns.
func significant(share float64, rows, among int) bool {
	return -float64(rows)*math.Log(max(1-share, math.SmallestNonzeroFloat64)) > math.Log(float64(rows))+2*math.Log(float64(among))
}

func dot[T float32 | float64](a []T, b []float64) (sum float64) {
	for i, v := range a {
		sum += float64(v) * b[i]
	}
	return sum
}

func squares[T float32 | float64](v []T) (sum float64) {
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}

func axpy(alpha float64, x, y []float64) {
	for i, v := range x {
		y[i] += alpha * v
	}
}

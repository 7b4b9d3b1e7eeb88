package evaluate

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/deepscaler/deepscaler/learner/samples"
)

// Anchor predicts what labels are measured from, so what a network that adds nothing predicts.
// That is the analytic forecast, the present demand, the last value, or the mean of the
// training part.
func Anchor(d *samples.Set) Predictor {
	return func(p samples.Part, indices []int, y []float64) {
		d.UnscaleBatch(p, indices, make([]float32, len(indices)*d.LabelLen()), y)
	}
}

// penalties are those of which [Ridge] takes the best, for inputs of variance 1.
func penalties() []float64 { return []float64{0.1, 1, 10, 100, 1000, 10000} }

// Ridge predicts by ridge regression on the window of each service by itself (Hoerl & Kennard
// 1970). Labels are linear in all features at all of its steps, measured from the same anchor
// as those of networks. It is fitted on the training part, with the penalty that has the least
// absolute error on the validation part; without that part it predicts NaN, since a fit to the
// part that is to be predicted proves nothing. On recorded data it is the strongest simple
// forecast.
func Ridge(d *samples.Set) Predictor {
	if d.Samples(samples.Validation) == 0 {
		return func(_ samples.Part, _ []int, y []float64) {
			for i := range y {
				y[i] = math.NaN()
			}
		}
	}
	r := ridge{data: d, services: len(d.Series().Services), horizons: len(d.Options().Horizons)}
	r.channels = d.InputLen() / r.services / d.Options().Window
	r.size = d.InputLen()/r.services + 1
	return r.predictor(r.best(r.fit()))
}

// ridge is a fit for each service and horizon, service·H+horizon.
type ridge struct {
	data                         *samples.Set
	services, horizons, channels int
	size                         int // of the inputs of a service, and the intercept
}

// each calls use with the inputs and every known label of a part.
func (r *ridge) each(p samples.Part, use func(k int, inputs *mat.VecDense, y float64)) {
	d, inputs := r.data, mat.NewVecDense(r.size, nil)
	x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
	censored := make([]bool, d.LabelLen())
	for i := range d.Samples(p) {
		d.Batch(p, []int{i}, x, y)
		d.Censored(p, []int{i}, censored)
		for k, label := range y {
			if k%r.horizons == 0 {
				r.lags(inputs, x, k/r.horizons)
			}
			// Of a lower bound the truth is not known.
			if !math.IsNaN(float64(label)) && !censored[k] {
				use(k, inputs, float64(label))
			}
		}
	}
}

// fit returns the normal equations of the training part.
func (r *ridge) fit() []normal {
	fits := make([]normal, r.services*r.horizons)
	for k := range fits {
		fits[k] = normal{gram: mat.NewSymDense(r.size, nil), moment: mat.NewVecDense(r.size, nil)}
	}
	r.each(samples.Train, func(k int, inputs *mat.VecDense, y float64) {
		fits[k].gram.SymRankOne(fits[k].gram, 1, inputs)
		fits[k].moment.AddScaledVec(fits[k].moment, y, inputs)
	})
	return fits
}

// best returns the coefficients under the penalty that predicts the validation part best.
func (r *ridge) best(fits []normal) []*mat.VecDense {
	candidates, errors := make([][]*mat.VecDense, len(fits)), make([][]float64, len(fits))
	for k := range fits {
		for _, penalty := range penalties() {
			candidates[k] = append(candidates[k], fits[k].solve(penalty))
		}
		errors[k] = make([]float64, len(candidates[k]))
	}
	r.each(samples.Validation, func(k int, inputs *mat.VecDense, y float64) {
		for i, c := range candidates[k] {
			errors[k][i] += math.Abs(mat.Dot(c, inputs) - y)
		}
	})
	best := make([]*mat.VecDense, len(fits))
	for k, c := range candidates {
		best[k] = c[floats.MinIdx(errors[k])]
	}
	return best
}

// predictor predicts with coefficients.
func (r *ridge) predictor(coefficients []*mat.VecDense) Predictor {
	d := r.data
	return func(p samples.Part, indices []int, y []float64) {
		x, labels := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
		inputs := mat.NewVecDense(r.size, nil)
		for b, i := range indices {
			d.Batch(p, []int{i}, x, labels)
			for k, c := range coefficients {
				if k%r.horizons == 0 {
					r.lags(inputs, x, k/r.horizons)
				}
				labels[k] = float32(mat.Dot(c, inputs))
			}
			d.UnscaleBatch(p, []int{i}, labels, y[b*len(labels):(b+1)*len(labels)])
		}
	}
}

// lags writes the window of service n, which is a part of x, [τ][N][C], and a 1 for the
// intercept.
func (r *ridge) lags(out *mat.VecDense, x []float32, n int) {
	k := 0
	for row := n * r.channels; row < len(x); row += r.services * r.channels {
		for _, v := range x[row : row+r.channels] {
			out.SetVec(k, float64(v))
			k++
		}
	}
	out.SetVec(k, 1)
}

// normal is the normal equations of a least-squares fit.
type normal struct {
	gram   *mat.SymDense
	moment *mat.VecDense
}

// solve returns the coefficients under a penalty, which the intercept is free of.
func (n normal) solve(penalty float64) *mat.VecDense {
	size := n.moment.Len()
	a := mat.NewSymDense(size, nil)
	a.CopySym(n.gram)
	for i := range size {
		added := penalty
		if i == size-1 {
			added = 1e-6
		}
		a.SetSym(i, i, a.At(i, i)+added)
	}
	out := mat.NewVecDense(size, nil)
	var c mat.Cholesky
	if c.Factorize(a) {
		// A solution of bad condition is one all the same; validation rejects it.
		_ = c.SolveVecTo(out, n.moment)
	}
	return out
}

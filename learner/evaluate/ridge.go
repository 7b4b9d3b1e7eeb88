package evaluate

import (
	"math"

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
	services, horizons := len(d.Series().Services), len(d.Options().Horizons)
	channels := d.InputLen() / services / d.Options().Window
	size := d.InputLen()/services + 1
	fits := make([]normal, services*horizons)
	for k := range fits {
		fits[k] = normal{gram: mat.NewSymDense(size, nil), moment: mat.NewVecDense(size, nil)}
	}
	inputs := mat.NewVecDense(size, nil)
	each := func(p samples.Part, use func(k int, y float64)) {
		x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
		censored := make([]bool, d.LabelLen())
		for i := range d.Samples(p) {
			d.Batch(p, []int{i}, x, y)
			d.Censored(p, []int{i}, censored)
			for n := range services {
				lags(inputs, x, n, services, channels)
				for h := range horizons {
					// Of a lower bound the truth is not known.
					if k := n*horizons + h; !math.IsNaN(float64(y[k])) && !censored[k] {
						use(k, float64(y[k]))
					}
				}
			}
		}
	}
	each(samples.Train, func(k int, y float64) {
		fits[k].gram.SymRankOne(fits[k].gram, 1, inputs)
		fits[k].moment.AddScaledVec(fits[k].moment, y, inputs)
	})
	candidates := make([][]*mat.VecDense, len(fits))
	errors := make([][]float64, len(fits))
	for k := range fits {
		for _, penalty := range penalties() {
			candidates[k] = append(candidates[k], fits[k].solve(penalty))
		}
		errors[k] = make([]float64, len(candidates[k]))
	}
	each(samples.Validation, func(k int, y float64) {
		for i, c := range candidates[k] {
			errors[k][i] += math.Abs(mat.Dot(c, inputs) - y)
		}
	})
	best := make([]*mat.VecDense, len(fits))
	for k, c := range candidates {
		least := 0
		for i, e := range errors[k] {
			if e < errors[k][least] {
				least = i
			}
		}
		best[k] = c[least]
	}
	return func(p samples.Part, indices []int, y []float64) {
		x, labels := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
		inputs := mat.NewVecDense(size, nil)
		for b, i := range indices {
			d.Batch(p, []int{i}, x, labels)
			for k, c := range best {
				if k%horizons == 0 {
					lags(inputs, x, k/horizons, services, channels)
				}
				labels[k] = float32(mat.Dot(c, inputs))
			}
			d.UnscaleBatch(p, []int{i}, labels, y[b*len(labels):(b+1)*len(labels)])
		}
	}
}

// lags writes the window of service n, which is a part of x, [τ][N][C], and a 1 for the
// intercept.
func lags(out *mat.VecDense, x []float32, n, services, channels int) {
	k := 0
	for row := n * channels; row < len(x); row += services * channels {
		for _, v := range x[row : row+channels] {
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

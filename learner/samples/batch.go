package samples

import "fmt"

// InputLen returns τ·N·C, the numbers in the inputs of one sample.
func (d *Set) InputLen() int {
	return d.options.Window * len(d.series.Services) * len(d.options.Features)
}

// LabelLen returns N·H, the numbers in the labels of one sample.
func (d *Set) LabelLen() int { return len(d.series.Services) * len(d.options.Horizons) }

// Batch writes the samples with the given indices: x as [B][τ][N][C], scaled and
// without gaps; y as [B][N][H], scaled, NaN where there is no label. See package
// features.
//
// It allocates nothing. A slice of the wrong length or an index out of range
// panics.
func (d *Set) Batch(p Part, indices []int, x, y []float32) {
	size := d.InputLen()
	checkLen("x", len(x), len(indices)*size)
	checkLen("y", len(y), len(indices)*d.LabelLen())
	k := 0
	for b, i := range indices {
		origin := d.Origin(p, i)
		from, to := d.window(origin)
		inputs := x[b*size : (b+1)*size]
		copy(inputs, d.scaled[from:to])
		d.pipeline.Fill(inputs)
		for n := range d.series.Services {
			measure := d.pipeline.Measure(n, d.inputs.Values[from:to])
			for _, ahead := range d.options.Horizons {
				truth, _ := d.truth(origin, ahead, n)
				y[k] = measure.Output(truth)
				k++
			}
		}
	}
}

// window returns where the values of the window that ends at origin begin and end.
func (d *Set) window(origin int) (from, to int) {
	width := len(d.series.Services) * len(d.options.Features)
	return (origin + 1 - d.options.Window) * width, (origin + 1) * width
}

// Labels writes the labels of the samples in their own unit as [B][N][H], NaN
// where there is none.
func (d *Set) Labels(p Part, indices []int, y []float64) {
	checkLen("y", len(y), len(indices)*d.LabelLen())
	k := 0
	for _, i := range indices {
		origin := d.Origin(p, i)
		for n := range d.series.Services {
			for _, ahead := range d.options.Horizons {
				y[k], _ = d.truth(origin, ahead, n)
				k++
			}
		}
	}
}

// Censored marks the labels of the samples that are lower bounds, as [B][N][H].
func (d *Set) Censored(p Part, indices []int, mask []bool) {
	checkLen("mask", len(mask), len(indices)*d.LabelLen())
	if d.censored == nil && !d.peaks() {
		clear(mask)
		return
	}
	services, k := len(d.series.Services), 0
	for _, i := range indices {
		origin := d.Origin(p, i)
		for n := range services {
			for _, ahead := range d.options.Horizons {
				_, mask[k] = d.truth(origin, ahead, n)
				k++
			}
		}
	}
}

// Unscale returns a prediction for service n of sample i in the label's own
// unit.
func (d *Set) Unscale(p Part, i, n int, scaled float64) float64 {
	from, to := d.window(d.Origin(p, i))
	return d.pipeline.Measure(n, d.inputs.Values[from:to]).Value(scaled)
}

// UnscaleBatch is [Set.Unscale] for predictions as [B][N][H].
func (d *Set) UnscaleBatch(p Part, indices []int, scaled []float32, y []float64) {
	checkLen("scaled", len(scaled), len(indices)*d.LabelLen())
	checkLen("y", len(y), len(scaled))
	services, horizons := len(d.series.Services), len(d.options.Horizons)
	for k, v := range scaled {
		y[k] = d.Unscale(p, indices[k/d.LabelLen()], k/horizons%services, float64(v))
	}
}

func checkLen(name string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("samples: %s has %d numbers, want %d", name, got, want))
	}
}

// View is the samples of one part, for learning.
type View struct {
	samples *Set
	part    Part
	levels  int
}

// View returns the samples of a part, with each label once for every predicted
// quantile.
func (d *Set) View(p Part, levels int) View { return View{d, p, levels} }

// Len returns the number of samples.
func (v View) Len() int { return v.samples.Samples(v.part) }

// Fill is [Set.Batch] for slices that may be longer than the samples.
func (v View) Fill(indices []int, x, y []float32) {
	labels := len(indices) * v.samples.LabelLen()
	v.samples.Batch(v.part, indices, x[:len(indices)*v.samples.InputLen()], y[:labels])
	repeat(y[:labels*v.levels], v.levels)
}

// Kept is that of [features.Pipeline].
func (v View) Kept(index int, shares []float64) {
	d := v.samples
	_, to := d.window(d.Origin(v.part, index))
	d.pipeline.Kept(shares, d.inputs.Values[to-len(d.inputs.Services)*len(d.inputs.Features):to])
}

// Censored is [Set.Censored].
func (v View) Censored(indices []int, mask []bool) {
	v.samples.Censored(v.part, indices, mask[:len(indices)*v.samples.LabelLen()])
	repeat(mask, v.levels)
}

// repeat spreads the first values out so that each occurs so many times in a row.
func repeat[T any](values []T, times int) {
	for i := len(values) - 1; i >= 0; i-- {
		values[i] = values[i/times]
	}
}

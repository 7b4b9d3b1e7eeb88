package kernel

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// rowShapes calls run for one to three rows of all numbers of channels to 70,
// or of those around the borders of vectors for a set that is slow.
func rowShapes(t *testing.T, run func(t *testing.T, set Set[float32], random random, rows, channels int)) {
	for _, set := range testedSets(t) {
		slow := strings.HasPrefix(set.Name, "interpreted")
		for channels := 1; channels <= 70; channels++ {
			if slow && channels > 18 && min(channels%16, 16-channels%16) > 1 {
				continue
			}
			rows := 1 + channels%3
			t.Run(fmt.Sprintf("%s/%dx%d", set.Name, rows, channels), func(t *testing.T) {
				run(t, set, newRandom(), rows, channels)
			})
		}
	}
}

// near compares with a result in float64, relative to the greatest number in it,
// and checks that what is behind it was not written to.
func near(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	scale := 1.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range got {
		if i >= len(want) {
			if v != untouched {
				t.Fatalf("%s[%d], behind the matrix, became %g", name, i, v)
			}
			continue
		}
		if !(math.Abs(float64(v)-want[i]) <= 1e-5*scale) {
			t.Fatalf("%s[%d] = %g, want %g", name, i, v, want[i])
		}
	}
}

func wide(s []float32) []float64 {
	w := make([]float64, len(s))
	for i, v := range s {
		w[i] = float64(v)
	}
	return w
}

// guarded returns n random numbers with some behind them that must stay, within
// the capacity for a matrix whose length counts and within the length otherwise.
func guarded(random random, n int) []float32 {
	return append(random.slice(n), slices.Repeat([]float32{untouched}, 20)...)
}

func TestNormForward(t *testing.T) {
	rowShapes(t, func(t *testing.T, set Set[float32], random random, rows, channels int) {
		size := rows * channels
		r, out := guarded(random, size), guarded(random, size)
		mean, rstd := guarded(random, rows), guarded(random, rows)
		bias, gain, shift := random.slice(channels), random.slice(channels), random.slice(channels)

		wantR, wantOut := wide(r[:size]), make([]float64, size)
		wantMean, wantRstd := make([]float64, rows), make([]float64, rows)
		for i := range rows {
			row := wantR[i*channels:][:channels]
			for j := range row {
				row[j] = math.Max(row[j]+float64(bias[j]), 0)
				wantMean[i] += row[j] / float64(channels)
			}
			var variance float64
			for _, v := range row {
				variance += (v - wantMean[i]) * (v - wantMean[i]) / float64(channels)
			}
			wantRstd[i] = 1 / math.Sqrt(variance+1e-5)
			for j, v := range row {
				wantOut[i*channels+j] = (v-wantMean[i])*wantRstd[i]*float64(gain[j]) + float64(shift[j])
			}
		}
		set.NormForward(channels, r[:size], bias, gain, shift, out, mean, rstd)
		near(t, "r", r, wantR)
		near(t, "out", out, wantOut)
		near(t, "mean", mean, wantMean)
		near(t, "rstd", rstd, wantRstd)
	})
}

// TestNormBackwardIsTheGradient holds the portable kernel in float64, the
// reference of the others, against the difference quotient of the loss Σ w·out.
func TestNormBackwardIsTheGradient(t *testing.T) {
	const rows, channels, size = 4, 7, 28
	set, random := Gonum64(), newRandom()
	draw := func(n int) []float64 { return wide(random.slice(n)) }
	z, w, bias, gain, shift := draw(size), draw(size), draw(channels), draw(channels), draw(channels)
	r, mean, rstd := make([]float64, size), make([]float64, rows), make([]float64, rows)
	loss := func() float64 {
		out := make([]float64, size)
		copy(r, z)
		set.NormForward(channels, r, bias, gain, shift, out, mean, rstd)
		var sum float64
		for i, v := range out {
			sum += w[i] * v
		}
		return sum
	}
	loss()
	dz, dgain, dshift, dbias := make([]float64, size), make([]float64, channels), make([]float64, channels), make([]float64, channels)
	set.NormBackward(channels, slices.Clone(r), slices.Clone(mean), slices.Clone(rstd), gain, w, dz, dgain, dshift, dbias)
	for _, of := range []struct {
		name             string
		values, gradient []float64
	}{{"dz", z, dz}, {"dgain", gain, dgain}, {"dshift", shift, dshift}, {"dbias", bias, dbias}} {
		for i := range of.values {
			const step = 1e-6
			at := of.values[i]
			of.values[i] = at + step
			above := loss()
			of.values[i] = at - step
			below := loss()
			of.values[i] = at
			if want := (above - below) / (2 * step); math.Abs(of.gradient[i]-want) > 1e-6*max(1, math.Abs(want)) {
				t.Errorf("%s[%d] = %g, the difference quotient is %g", of.name, i, of.gradient[i], want)
			}
		}
	}
}

func TestNormBackward(t *testing.T) {
	rowShapes(t, func(t *testing.T, set Set[float32], random random, rows, channels int) {
		size := rows * channels
		r, dout := random.slice(size), random.slice(size)
		mean, rstd := make([]float32, rows), make([]float32, rows)
		bias, gain := random.slice(channels), random.slice(channels)
		set.NormForward(channels, r, bias, gain, bias, make([]float32, size), mean, rstd)
		dgain, dshift, dbias := guarded(random, channels), guarded(random, channels), guarded(random, channels)

		wantZ, wantGain, wantShift, wantBias := make([]float64, size), wide(dgain[:channels]), wide(dshift[:channels]), wide(dbias[:channels])
		Gonum64().NormBackward(channels, wide(r), wide(mean), wide(rstd), wide(gain), wide(dout), wantZ, wantGain, wantShift, wantBias)

		dz := guarded(random, size)
		set.NormBackward(channels, r, mean, rstd, gain, dout, dz, nil, nil, nil)
		near(t, "dz without parameters", dz, wantZ)
		dz = guarded(random, size)
		set.NormBackward(channels, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias)
		near(t, "dz", dz, wantZ)
		near(t, "dgain", dgain, wantGain)
		near(t, "dshift", dshift, wantShift)
		near(t, "dbias", dbias, wantBias)
		set.NormBackward(channels, r, mean, rstd, gain, dout, dout, nil, nil, nil)
		near(t, "dz in the place of dout", dout, wantZ)
	})
}

func TestBiasReLU(t *testing.T) {
	rowShapes(t, func(t *testing.T, set Set[float32], random random, rows, channels int) {
		h, bias := guarded(random, rows*channels), random.slice(channels)
		want := wide(h[:rows*channels])
		for i := range want {
			want[i] = math.Max(want[i]+float64(bias[i%channels]), 0)
		}
		set.BiasReLU(channels, h[:rows*channels], bias)
		near(t, "h", h, want)
	})
}

func TestReLUBackward(t *testing.T) {
	rowShapes(t, func(t *testing.T, set Set[float32], random random, rows, channels int) {
		h, dh, dbias := random.slice(rows*channels), guarded(random, rows*channels), guarded(random, channels)
		h[0] = 0
		alone := slices.Clone(dh)
		want, wantBias := wide(dh[:rows*channels]), wide(dbias[:channels])
		for i := range want {
			if h[i] <= 0 {
				want[i] = 0
			}
			wantBias[i%channels] += want[i]
		}
		set.ReLUBackward(channels, h, dh, dbias)
		near(t, "dh", dh, want)
		near(t, "dbias", dbias, wantBias)
		set.ReLUBackward(channels, h, alone, nil)
		near(t, "dh without dbias", alone, want)
	})
}

func TestRowKernelsPropagateNaNAndInf(t *testing.T) {
	const rows, channels = 3, 21
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, set := range testedSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			expect := func(name string, got []float32, want ...float32) {
				t.Helper()
				if !slices.EqualFunc(got, want, same) {
					t.Errorf("%s = %v, want %v", name, got, want)
				}
			}
			none, ones := make([]float32, channels), slices.Repeat([]float32{1}, channels)

			h := slices.Repeat([]float32{2}, channels)
			h[0], h[1], h[2], h[19], h[20] = nan, inf, -inf, -1, nan
			set.BiasReLU(channels, h, none)
			expect("relu", []float32{h[0], h[1], h[2], h[3], h[19], h[20]}, nan, inf, 0, 2, 0, nan)

			dh := slices.Clone(ones)
			dh[3] = nan
			dbias := slices.Clone(none)
			set.ReLUBackward(channels, h, dh, dbias)
			expect("relu gradient", []float32{dh[0], dh[1], dh[2], dh[3], dh[19], dh[20]}, 1, 1, 0, nan, 0, 1)
			expect("bias gradient", dbias, dh...)

			for _, column := range []int{0, 20} {
				r := slices.Repeat([]float32{2, 1, 3}, channels)
				r[channels+column] = nan
				out, mean, rstd := make([]float32, rows*channels), make([]float32, rows), make([]float32, rows)
				set.NormForward(channels, r, none, ones, none, out, mean, rstd)
				for i, v := range out {
					if bad := i/channels == 1; bad != (v != v) {
						t.Fatalf("NaN in column %d of row 1: out[%d,%d] = %g", column, i/channels, i%channels, v)
					}
				}
				dz := make([]float32, rows*channels)
				set.NormBackward(channels, r, mean, rstd, ones, slices.Repeat([]float32{1}, rows*channels), dz, nil, nil, nil)
				for i, v := range dz {
					if bad := i/channels == 1; bad != (v != v) {
						t.Fatalf("NaN in column %d of row 1: dz[%d,%d] = %g", column, i/channels, i%channels, v)
					}
				}
			}
		})
	}
}

func TestNoRows(t *testing.T) {
	for _, set := range testedSets(t) {
		sums := []float32{1, 2}
		set.NormForward(2, nil, sums, sums, sums, nil, nil, nil)
		set.NormBackward(2, nil, nil, nil, sums, nil, nil, nil, nil, nil)
		set.NormBackward(2, nil, nil, nil, sums, nil, nil, sums, sums, sums)
		set.BiasReLU(2, nil, sums)
		set.ReLUBackward(2, nil, nil, nil)
		set.ReLUBackward(2, nil, nil, sums)
		if !slices.Equal(sums, []float32{1, 2}) {
			t.Errorf("%s: no rows changed the sums to %v", set.Name, sums)
		}
	}
}

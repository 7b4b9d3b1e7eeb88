package kernel

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// product is a matrix product of the network; its B and C are dense.
type product struct {
	name     string
	m, n, k  int
	ars, acs int
}

// products are those of N = 41 services, T = 12 steps and H = 64 channels.
func products() []product {
	return []product{
		{"hidden", 492, 64, 64, 64, 1},
		{"weights", 64, 64, 492, 1, 64},
		{"stacked", 492, 32, 192, 320, 1},
		{"windows", 492, 32, 192, 64, 1},
		{"graph", 41, 64, 41, 41, 1},
		{"time", 12, 2624, 12, 12, 1},
	}
}

// BenchmarkGemm reports the mean rate and, for machines that do other things at
// the same time, that of the fastest call, which is what is held against the peak.
func BenchmarkGemm(b *testing.B) {
	for _, p := range products() {
		for _, set := range Available() {
			b.Run(fmt.Sprintf("%s_%dx%dx%d/%s", p.name, p.m, p.n, p.k, set.Name), func(b *testing.B) {
				random := newRandom()
				a := random.slice((p.m-1)*p.ars + (p.k-1)*p.acs + 1)
				right, c := random.slice(p.k*p.n), make([]float32, p.m*p.n)
				flops := 2 * float64(p.m) * float64(p.n) * float64(p.k)
				peak := peakRate()
				fastest := math.Inf(1)
				b.ReportAllocs()
				for b.Loop() {
					start := time.Now()
					set.Gemm(p.m, p.n, p.k, a, p.ars, p.acs, right, p.n, c, p.n, false)
					fastest = min(fastest, time.Since(start).Seconds())
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				b.ReportMetric(flops/fastest/1e9, "best-GFLOP/s")
				b.ReportMetric(100*flops/fastest/peak, "best-%peak")
			})
		}
	}
}

// BenchmarkRows runs the row kernels on 492 rows of 64 channels.
func BenchmarkRows(b *testing.B) {
	const rows, channels = 492, 64
	random := newRandom()
	r, dout := random.slice(rows*channels), random.slice(rows*channels)
	out := make([]float32, rows*channels)
	mean, rstd := make([]float32, rows), make([]float32, rows)
	bias, gain, shift := random.slice(channels), random.slice(channels), random.slice(channels)
	dbias, dgain, dshift := make([]float32, channels), make([]float32, channels), make([]float32, channels)
	for _, set := range Available() {
		// All of them are stationary: repeated, they work on numbers of the same size.
		for _, kernel := range []struct {
			name string
			run  func()
		}{
			{"NormForward", func() { set.NormForward(channels, r, bias, gain, shift, out, mean, rstd) }},
			{"NormBackward", func() { set.NormBackward(channels, r, mean, rstd, gain, dout, out, dgain, dshift, dbias) }},
			{"NormBackwardInput", func() { set.NormBackward(channels, r, mean, rstd, gain, dout, out, nil, nil, nil) }},
			{"BiasReLU", func() { set.BiasReLU(channels, out, bias) }},
			{"ReLUBackward", func() { set.ReLUBackward(channels, r, dout, dbias) }},
		} {
			b.Run(kernel.name+"/"+set.Name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(rows * channels * 4)
				for b.Loop() {
					kernel.run()
				}
			})
		}
	}
}

func BenchmarkPeak(b *testing.B) {
	var flops float64
	for b.Loop() {
		flops += PeakFMA(10_000)
	}
	b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// peakRate returns the operations per second of this core when nothing disturbs it.
func peakRate() float64 {
	var best float64
	for range 20 {
		start := time.Now()
		flops := PeakFMA(3000)
		best = max(best, flops/time.Since(start).Seconds())
	}
	return best
}

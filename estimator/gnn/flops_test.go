package gnn

import (
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
)

// forwardFLOPs is the number of floating-point operations that the matrix products
// of one sample's forward pass execute, two per multiply-add; everything else is
// of lower order and not counted. With τ steps, N services, k taps, H channels,
// O outputs, and C channels that enter a block, a block has
//
//	attention  τNC + τCN + τNC + τ²N + τ³ + τ²NC  multiply-adds
//	Chebyshev  3τNCH + 2τN²H
//	temporal   τNCH + rNH²,  r = Σ over the taps of the steps that they reach
//
// and the head τNHO.
func forwardFLOPs(c Config) int {
	n, steps, h := c.Services, c.Window, c.Hidden
	sum := steps * n * h * c.Outputs
	for i := range c.Blocks {
		in := enters(c, i)
		sum += 3*steps*n*in + steps*steps*n + steps*steps*steps + steps*steps*n*in
		sum += 3*steps*n*in*h + 2*steps*n*n*h
		sum += steps*n*in*h + reached(c)*n*h*h
	}
	return 2 * sum
}

// backwardFLOPs is the same for a backward pass with the gradients of the
// parameters. A block has
//
//	temporal   τNCH + 2rNH²
//	Chebyshev  2τN²H + 6τNCH
//	attention  τ²NC + τ³ + 2τ²N + 4τNC
//	input      τNCH + τ²NC + 2τNC, unless it is the first
//
// and the head 2τNHO.
func backwardFLOPs(c Config) int {
	n, steps, h := c.Services, c.Window, c.Hidden
	sum := 2 * steps * n * h * c.Outputs
	for i := range c.Blocks {
		in := enters(c, i)
		sum += steps*n*in*h + 2*reached(c)*n*h*h
		sum += 2*steps*n*n*h + 6*steps*n*in*h
		sum += steps*steps*n*in + steps*steps*steps + 2*steps*steps*n + 4*steps*n*in
		if i > 0 {
			sum += steps*n*in*h + steps*steps*n*in + 2*steps*n*in
		}
	}
	return 2 * sum
}

// enters is C of a block.
func enters(c Config, block int) int {
	if block == 0 {
		return c.Features
	}
	return c.Hidden
}

// reached is r, the number of pairs of a tap and a step that lie in the window.
func reached(c Config) int {
	pairs := c.Kernel * c.Window
	for distance := 1; distance <= (c.Kernel-1)/2; distance++ {
		pairs -= 2 * min(distance, c.Window)
	}
	return pairs
}

// TestFLOPs checks the formulas that the benchmarks divide by against a count of
// what is executed.
func TestFLOPs(t *testing.T) {
	for _, c := range []Config{
		{Services: 3, Window: 4, Features: 2, Outputs: 1, Hidden: 4, Kernel: 1, Blocks: 1},
		{Services: 5, Window: 6, Features: 3, Outputs: 2, Hidden: 6, Kernel: 5, Blocks: 3},
		{Services: 2, Window: 2, Features: 4, Outputs: 3, Hidden: 2, Kernel: 7, Blocks: 2},
	} {
		flops, k := 0, kernel.Gonum64()
		gemm := k.Gemm
		k.Gemm = func(m, n, depth int, a []float64, ars, acs int, b []float64, ldb int, c []float64, ldc int, accumulate bool) {
			flops += 2 * m * n * depth
			gemm(m, n, depth, a, ars, acs, b, ldb, c, ldc, accumulate)
		}
		network, err := build(c, k, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		pass := network.Training(true)
		basis, y := make([]float64, network.BasisSize()), make([]float64, c.Services*c.Outputs)
		pass.Forward(make([]float64, c.Window*c.Services*c.Features), basis, y)
		if want := forwardFLOPs(c); flops != want {
			t.Errorf("%+v: forward executes %d, the formula says %d", c, flops, want)
		}
		flops = 0
		pass.Backward(y, basis, nil)
		if want := backwardFLOPs(c); flops != want {
			t.Errorf("%+v: backward executes %d, the formula says %d", c, flops, want)
		}
	}
}

package gnn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
)

// walk compares what the forward pass of every sample of the small golden file
// leaves behind with the reference's stage of that name, adjusted to ours.
func walk(t *testing.T, stage string, got func(*activation[float64]) []float64, adjust func(float64) float64) {
	t.Helper()
	g := readGolden(t, "small")
	n := goldenNetwork(t, kernel.Gonum64(), g)
	basis := make([]float64, n.BasisSize())
	n.Basis(basis, cast[float64](g.Affinity.Data))
	w, y := n.newWorker(), make([]float64, len(g.Output.part(0, g.Config.Samples)))
	found := false
	for _, want := range g.Stages {
		if want.Name != "blocks.0."+stage {
			continue
		}
		found = true
		for i := range g.Config.Samples {
			w.Forward(cast[float64](g.X.part(i, g.Config.Samples)), basis, y)
			part := append([]goldenNumber{}, want.part(i, g.Config.Samples)...)
			for j, v := range part {
				part[j] = goldenNumber(adjust(float64(v)))
			}
			near(t, stage, got(w.acts[0]), part, 1e-11)
		}
	}
	if !found {
		t.Fatalf("the reference has no stage %s", stage)
	}
}

func same(v float64) float64 { return v }

// §IV-B, Eq. 4: L_P = |Y − Ŷ|₁; the quantile 0.5 of the pinball loss.
func TestEquation4(t *testing.T) {
	y, labels := []float64{1, 5, 2.5, -3}, []float64{4, 3, 2.5, -1.5}
	want := 0.0
	for i := range y {
		want += math.Abs(labels[i] - y[i])
	}
	dy := make([]float64, len(y))
	if got := Pinball(y, labels, nil, dy, nil, []float64{0.5}, 1); got != want {
		t.Errorf("loss %v, want the L1 distance %v", got, want)
	}
	near(t, "gradient", dy, []goldenNumber{-1, 1, 0, -1}, 1e-15)
}

// §IV-C, Eq. 11: E = Vₑ·σ(((X)ᵀU₁)U₂(U₃X) + bₑ), each row of E′ = softmax(E) sums to 1.
func TestEquation11(t *testing.T) {
	weights := func(a *activation[float64]) []float64 { return a.attention.weights }
	walk(t, "attention", weights, same)
	steps := readGolden(t, "small").Config.Window
	walk(t, "attention", func(a *activation[float64]) []float64 {
		for i := range steps {
			sum := 0.0
			for _, v := range weights(a)[i*steps : (i+1)*steps] {
				sum += v
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("row %d of E′ sums to %v", i, sum)
			}
		}
		return weights(a)
	}, same)
}

// §IV-C, Eq. 12, with E′ on the side where the code of the authors has it: X̂ = E′·X. A
// step of X̂ is a weighted mean, so a window without change stays what it is.
func TestEquation12(t *testing.T) {
	walk(t, "attended", func(a *activation[float64]) []float64 { return a.attended }, same)
	n := goldenNetwork(t, kernel.Gonum64(), readGolden(t, "small"))
	c := n.config
	x := normal(rand.New(rand.NewPCG(12, 1)), c.Services*c.Features)
	x = slices.Repeat(x, c.Window)
	w := n.newWorker()
	w.Forward(x, make([]float64, n.BasisSize()), make([]float64, c.Services*c.Outputs))
	near(t, "attended", w.acts[0].attended, golds(x), 1e-12)
}

// §IV-C, Eq. 13: H = ReLU(ChebConv(Â, X̂; Θ)), both ways along the edges.
func TestEquation13(t *testing.T) {
	walk(t, "convolved", func(a *activation[float64]) []float64 { return a.hidden }, same)
}

// §IV-C, below Eq. 14: ReLU of the convolution over the steps and its residual.
func TestTemporalConvolution(t *testing.T) {
	walk(t, "residual", func(a *activation[float64]) []float64 { return a.residual }, func(v float64) float64 { return max(v, 0) })
}

// §IV-C, Eq. 14: (X − µ)/√(σ² + ϵ) ⊙ γ + β.
func TestEquation14(t *testing.T) {
	walk(t, "output", func(a *activation[float64]) []float64 { return a.out }, same)
}

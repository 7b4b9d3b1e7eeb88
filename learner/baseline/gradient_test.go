package baseline

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// TestGradients compares the gradient of the loss with central differences, for
// every element of every parameter and of the affinity matrix.
func TestGradients(t *testing.T) {
	for name, c := range map[string]gnn.Config{
		"one layer":         {Services: 3, Window: 4, Features: 2, Outputs: 1, Hidden: 4, Kernel: 3, Blocks: 1},
		"two layers":        small(),
		"three layers":      {Services: 2, Window: 2, Features: 3, Outputs: 2, Hidden: 2, Kernel: 1, Blocks: 3},
		"one service":       {Services: 1, Window: 4, Features: 2, Outputs: 3, Hidden: 4, Kernel: 3, Blocks: 2},
		"one step":          {Services: 3, Window: 1, Features: 1, Outputs: 1, Hidden: 2, Kernel: 1, Blocks: 1},
		"more out than in":  {Services: 3, Window: 2, Features: 1, Outputs: 5, Hidden: 2, Kernel: 1, Blocks: 1},
		"features over all": {Services: 3, Window: 2, Features: 9, Outputs: 2, Hidden: 2, Kernel: 1, Blocks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, k kind) {
				p := newProblem(t, k, c)
				pass := p.model.Training(true)
				affinity := p.backward(pass)
				for i, param := range p.model.Parameters() {
					compare(t, p, param.Name, param.Data, pass.Gradients()[i], meetsZeros(param.Name, c))
				}
				// The random walks of DCRNN on one service are 1 whatever its weight.
				compare(t, p, "affinity", p.affinity, affinity, k.name == "DCRNN" && c.Services == 1)
			})
		})
	}
}

// meetsZeros reports whether a parameter is only multiplied by zeros: the states
// that the encoder starts from, when it takes a single step, or what the decoder is
// fed at first, when it takes no other.
func meetsZeros(name string, c gnn.Config) bool {
	state := strings.HasPrefix(name, "encoder.") && (strings.HasSuffix(name, ".gates") || strings.HasSuffix(name, ".candidate"))
	return state && c.Window == 1 || name == "decoder.0.input" && c.Outputs == 1
}

// compare also checks that there is a gradient to compare, unless it must be zero:
// one that is 0 throughout says that the problem is dead, not that the code is right.
func compare(t *testing.T, p *problem, name string, values, gradient []float64, zero bool) {
	t.Helper()
	const h = 1e-6
	largest := 0.0
	for i, v := range values {
		values[i] = v + h
		up := p.loss()
		values[i] = v - h
		down := p.loss()
		values[i] = v
		want := (up - down) / (2 * h)
		if diff := math.Abs(gradient[i] - want); !(diff <= 1e-8+1e-6*math.Abs(want)) {
			t.Errorf("%s[%d]: gradient %v, central difference %v", name, i, gradient[i], want)
		}
		largest = max(largest, math.Abs(gradient[i]))
	}
	if zero != (largest < 1e-5) {
		t.Errorf("the gradient of %s is at most %v, want it to be zero: %t", name, largest, zero)
	}
}

// TestGraphGradientAlone checks that a pass without gradients of parameters finds
// the same gradient of the affinity matrix.
func TestGraphGradientAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		p := newProblem(t, k, small())
		want := p.backward(p.model.Training(true))
		pass := p.model.Training(false)
		got := p.backward(pass)
		if diff := cmp.Diff(want, got); diff != "" || pass.Gradients() != nil {
			t.Errorf("gradient of the affinity matrix (-with parameters +without):\n%s", diff)
		}
	})
}

// TestGradientsAddUp checks that a second sample adds its gradients to those of
// the first, and that those of parameters do not depend on dbasis.
func TestGradientsAddUp(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		p := newProblem(t, k, small())
		pass := p.model.Training(true)
		p.backward(pass)
		var once [][]float64
		for _, g := range pass.Gradients() {
			once = append(once, slices.Clone(g))
		}
		basis, out, dy := basisOf(p.model, p.affinity), make([]float64, len(p.y)), make([]float64, len(p.y))
		pass.Forward(p.x, basis, out)
		gnn.Pinball(out, p.y, nil, dy, nil, []float64{0.7}, 1)
		pass.Backward(dy, basis, nil)
		for _, g := range once {
			for i := range g {
				g[i] *= 2
			}
		}
		if diff := cmp.Diff(once, pass.Gradients(), cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
			t.Errorf("gradients of two equal samples (-twice the first +got):\n%s", diff)
		}
	})
}

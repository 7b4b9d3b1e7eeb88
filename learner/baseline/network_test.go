package baseline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// TestPermutation checks that the order of services means nothing.
func TestPermutation(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		c := gnn.Config{Services: 7, Window: 3, Features: 2, Outputs: 2, Hidden: 6, Kernel: 1, Blocks: 2}
		p := newProblem(t, k, c)
		n, order := c.Services, rand.New(rand.NewPCG(5, 1)).Perm(c.Services)
		q := *p
		q.affinity, q.x = make([]float64, n*n), make([]float64, len(p.x))
		for i, from := range order {
			for j, other := range order {
				q.affinity[i*n+j] = p.affinity[from*n+other]
			}
			for s := range c.Window {
				copy(q.x[(s*n+i)*c.Features:][:c.Features], p.x[(s*n+from)*c.Features:])
			}
		}
		y := p.predict()
		var want []float64
		for _, from := range order {
			want = append(want, y[from*c.Outputs:][:c.Outputs]...)
		}
		if diff := cmp.Diff(want, q.predict(), cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
			t.Errorf("outputs of permuted services (-permuted outputs +got):\n%s", diff)
		}
	})
}

// TestIsolated checks that services without an edge, not even to themselves,
// leave everything finite, and are no neighbours of the others.
func TestIsolated(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		p := newProblem(t, k, small())
		n := p.model.Config().Services
		for i := range n {
			p.affinity[i], p.affinity[i*n] = 0, 0
		}
		pass := p.model.Training(true)
		affinity := p.backward(pass)
		y := p.predict()
		for _, v := range append(slices.Concat(pass.Gradients()...), slices.Concat(affinity, y)...) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%v among outputs %v and gradients", v, y)
			}
		}
		for i := range p.x {
			if service := i / p.model.Config().Features % n; service == 0 {
				p.x[i]++
			}
		}
		rest := p.model.Config().Outputs
		if diff := cmp.Diff(y[rest:], p.predict()[rest:]); diff != "" {
			t.Errorf("outputs of the others when an isolated service changes (-before +after):\n%s", diff)
		}
	})
}

// TestTransitions checks the random walks of DCRNN on a graph one can see
// through: 0 calls 1 three times as often as 2, 1 calls 2, 2 calls nobody.
func TestTransitions(t *testing.T) {
	a := []float64{
		0, 3, 1,
		0, 0, 2,
		0, 0, 0,
	}
	want := []float64{
		0, 0.75, 0.25, 0, 0, 1, 0, 0, 0, // along
		0, 0, 0.75, 0, 0, 0, 0, 0, 0, // twice
		0, 0, 0, 1, 0, 0, 1. / 3, 2. / 3, 0, // against
		0, 0, 0, 0, 0, 0, 2. / 3, 0, 0, // twice
	}
	m, err := NewDCRNN64(gnn.Config{Services: 3, Window: 1, Features: 1, Outputs: 1, Hidden: 2, Kernel: 1, Blocks: 1}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, basisOf(m, a), cmpopts.EquateApprox(0, 1e-15)); diff != "" {
		t.Errorf("supports (-want +got):\n%s", diff)
	}
}

// TestPassesAgree checks that passes for inference and for training, new and
// used ones, say the same.
func TestPassesAgree(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		p := newProblem(t, k, small())
		want := p.predict()
		used := p.model.Inference()
		other := normal(rand.New(rand.NewPCG(2, 2)), len(p.x))
		predict(p.model, used, other, p.affinity)
		trained := p.model.Training(true)
		p.backward(trained)
		for name, pass := range map[string]gnn.Pass[float64]{
			"used": used, "training": p.model.Training(true), "training, used": trained, "graph only": p.model.Training(false),
		} {
			if diff := cmp.Diff(want, predict(p.model, pass, p.x, p.affinity)); diff != "" {
				t.Errorf("outputs of a pass (-inference +%s):\n%s", name, diff)
			}
		}
	})
}

// TestPrecisions compares both precisions at the size of an application.
func TestPrecisions(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		c := gnn.Config{Services: 41, Window: 12, Features: 6, Outputs: 3, Hidden: 32, Kernel: 3, Blocks: 2}
		p := newProblem(t, k, c)
		m, err := k.new32(c, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		for i, param := range p.model.Parameters() {
			copy(m.Parameters()[i].Data, narrow(param.Data))
		}
		m.Refresh()
		x, affinity := narrow(p.x), narrow(p.affinity)
		pass := m.Training(true)
		got := predict(m, pass, x, affinity)
		near := cmpopts.EquateApprox(1e-3, 1e-4)
		if diff := cmp.Diff(narrow(p.predict()), got, near); diff != "" {
			t.Errorf("outputs (-double +single):\n%s", diff)
		}

		// A smooth loss, Σ y: the sign of a residual may differ in the two.
		ones := slices.Repeat([]float64{1}, len(p.y))
		double := p.model.Training(true)
		basis := basisOf(p.model, p.affinity)
		double.Forward(p.x, basis, make([]float64, len(p.y)))
		double.Backward(ones, basis, nil)
		pass.Backward(narrow(ones), basisOf(m, affinity), nil)
		for i, param := range m.Parameters() {
			if diff := cmp.Diff(narrow(double.Gradients()[i]), pass.Gradients()[i], cmpopts.EquateApprox(1e-2, 1e-2)); diff != "" {
				t.Errorf("gradient of %s (-double +single):\n%s", param.Name, diff)
			}
		}
	})
}

// TestAllocations checks that passes allocate nothing, on kernels that do not.
func TestAllocations(t *testing.T) {
	limit := 0.0
	if m := make([]float32, 128*128); testing.AllocsPerRun(1, func() { gnn.FastGemm()(128, 128, 128, m, 128, 1, m, 128, make([]float32, 128*128), 128, false) }) > 1 {
		limit = math.Inf(1) // the products of gonum start goroutines
	}
	onBoth(t, func(t *testing.T, k kind) {
		m := k.new32Drawn(t, small())
		s := newSample(m)
		inference, training := m.Inference(), m.Training(true)
		got := testing.AllocsPerRun(10, func() { inference.Forward(s.x, s.basis, s.y) })
		got += testing.AllocsPerRun(10, func() {
			training.Forward(s.x, s.basis, s.y)
			training.Backward(s.y, s.basis, s.dbasis)
		})
		if got > limit {
			t.Errorf("%v allocations, want none", got)
		}
	})
}

// TestInitialisation checks what a new network starts with.
func TestInitialisation(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		c := small()
		build := func(seed uint64) gnn.Model[float64] {
			m, err := k.new64(c, rand.New(rand.NewPCG(seed, 1)))
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		m := build(1)
		if diff := cmp.Diff(m.Parameters(), build(1).Parameters(), cmpopts.IgnoreUnexported(gnn.Parameter[float64]{})); diff != "" {
			t.Errorf("parameters from equal seeds (-one +other):\n%s", diff)
		}
		if cmp.Equal(m.Parameters(), build(2).Parameters(), cmpopts.IgnoreUnexported(gnn.Parameter[float64]{})) {
			t.Error("parameters do not depend on the seed")
		}
		names := map[string]bool{}
		for _, p := range m.Parameters() {
			size := 1
			for _, d := range p.Shape {
				size *= d
			}
			if size != len(p.Data) || names[p.Name] || p.ServiceAxis != -1 {
				t.Errorf("parameter %s of shape %v has %d numbers and service axis %d, or its name twice", p.Name, p.Shape, len(p.Data), p.ServiceAxis)
			}
			names[p.Name] = true
			if p.Name == "encoder.0.bias" {
				want := []float64{1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0} // gates, candidate
				if diff := cmp.Diff(want, p.Data); diff != "" {
					t.Errorf("%s (-want +got):\n%s", p.Name, diff)
				}
			}
			if p.Name == "encoder.0.gates" {
				bound := math.Sqrt(6 / float64(p.Shape[0]*(c.Features+c.Hidden)+2*c.Hidden))
				if slices.Max(p.Data) > bound || slices.Min(p.Data) < -bound || slices.Max(p.Data) < bound/2 {
					t.Errorf("%s reaches from %v to %v, want to fill ±%v", p.Name, slices.Min(p.Data), slices.Max(p.Data), bound)
				}
			}
		}
		if diff := cmp.Diff(c, m.Config()); diff != "" {
			t.Errorf("shape (-want +got):\n%s", diff)
		}
	})
}

// TestBadShape checks that a shape that makes no network is an error.
func TestBadShape(t *testing.T) {
	onBoth(t, func(t *testing.T, k kind) {
		c := small()
		c.Services = 0
		if m, err := k.new32(c, rand.New(rand.NewPCG(1, 1))); err == nil || m != nil {
			t.Errorf("no services: model %v, error %v, want an error only", m, err)
		}
	})
}

// TestSaturation checks that huge sums do not make the activations overflow.
func TestSaturation(t *testing.T) {
	for _, v := range []float64{-1e9, -800, -3, -1e-9, 0, 1e-9, 0.1, 5, 800, 1e9} {
		if got, want := tanh(v), math.Tanh(v); math.Abs(got-want) > 1e-15 {
			t.Errorf("tanh(%v) = %v, want %v", v, got, want)
		}
		if got, want := sigmoid(v), (1+math.Tanh(v/2))/2; math.Abs(got-want) > 1e-15 {
			t.Errorf("sigmoid(%v) = %v, want %v", v, got, want)
		}
	}
	if v := sigmoid(math.NaN()) + tanh(math.NaN()); !math.IsNaN(v) {
		t.Errorf("activations of NaN sum to %v, want NaN", v)
	}
}

package gnn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// permuted returns data with the entries along one axis in the order of order.
func permuted[T Float](data []T, shape []int, axis int, order []int) []T {
	outer, inner := 1, 1
	for _, d := range shape[:axis] {
		outer *= d
	}
	for _, d := range shape[axis+1:] {
		inner *= d
	}
	out := make([]T, 0, len(data))
	for o := range outer {
		for _, from := range order {
			at := (o*len(order) + from) * inner
			out = append(out, data[at:at+inner]...)
		}
	}
	return out
}

// TestPermutationOfServices checks that the network knows services by their
// parameters only: in another order they get the same outputs and gradients.
func TestPermutationOfServices(t *testing.T) {
	c := Config{Services: 7, Window: 5, Features: 3, Outputs: 2, Hidden: 6, Kernel: 3, Blocks: 2}
	n := c.Services
	for seed := range uint64(5) {
		p, q := newProblem(t, c, seed), newProblem(t, c, seed)
		order := rand.New(rand.NewPCG(seed, 9)).Perm(n)
		for i, param := range p.network.Parameters() {
			if param.ServiceAxis >= 0 {
				copy(q.network.Parameters()[i].Data, permuted(param.Data, param.Shape, param.ServiceAxis, order))
			}
		}
		both := func(a []float64) []float64 {
			return permuted(permuted(a, []int{n, n}, 0, order), []int{n, n}, 1, order)
		}
		q.affinity = both(p.affinity)
		q.x = permuted(p.x, []int{c.Window, n, c.Features}, 1, order)
		q.y = permuted(p.y, []int{n, c.Outputs}, 0, order)
		q.weights = permuted(p.weights, []int{n}, 0, order)

		near(t, "outputs", q.outputs(), golds(permuted(p.outputs(), []int{n, c.Outputs}, 0, order)), 1e-11)
		parameters, affinity := p.gradients()
		gotParameters, gotAffinity := q.gradients()
		near(t, "gradient of the affinity matrix", gotAffinity, golds(both(affinity)), 1e-10)
		for i, param := range p.network.Parameters() {
			want := parameters[i]
			if param.ServiceAxis >= 0 {
				want = permuted(want, param.Shape, param.ServiceAxis, order)
			}
			near(t, "gradient of "+param.Name, gotParameters[i], golds(want), 1e-10)
		}
	}
}

func (p *problem) outputs() []float64 {
	basis, out := make([]float64, p.network.BasisSize()), make([]float64, len(p.y))
	p.network.Basis(basis, p.affinity)
	p.network.Inference().Forward(p.x, basis, out)
	return out
}

func golds[T Float](v []T) []goldenNumber {
	out := make([]goldenNumber, len(v))
	for i, x := range v {
		out[i] = goldenNumber(x)
	}
	return out
}

// case32 is a sample for a float32 network, and everything it makes of it.
type case32 struct {
	network            *Network[float32]
	x, basis, labels   []float32
	y, dbasis, dy      []float32
	parameterGradients [][]float32
}

func newCase32(t testing.TB, k kernel.Set[float32], c Config) *case32 {
	t.Helper()
	rng := rand.New(rand.NewPCG(11, 1))
	network, err := build(c, k, rng)
	if err != nil {
		t.Fatal(err)
	}
	drawHead(network, rng)
	s := &case32{network: network, basis: make([]float32, network.BasisSize()), dbasis: make([]float32, network.BasisSize())}
	s.x = narrow(normal(rng, c.Window*c.Services*c.Features))
	s.labels = narrow(normal(rng, c.Services*c.Outputs))
	for i := range s.labels {
		s.labels[i] *= 50 // far from the kink of the loss
	}
	network.Basis(s.basis, narrow(randomAffinity(rng, c.Services)))
	s.y, s.dy = make([]float32, len(s.labels)), make([]float32, len(s.labels))
	return s
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

func (s *case32) run(pass Pass[float32]) {
	pass.Forward(s.x, s.basis, s.y)
	Pinball(s.y, s.labels, nil, s.dy, nil, []float32{0.5}, 1)
	pass.Backward(s.dy, s.basis, s.dbasis)
	s.parameterGradients = pass.Gradients()
}

// TestLonelyServices checks that services without edges, and a telemetry that is
// silent, give finite outputs and gradients.
func TestLonelyServices(t *testing.T) {
	c := Config{Services: 6, Window: 5, Features: 3, Outputs: 2, Hidden: 8, Kernel: 3, Blocks: 2}
	for _, k := range kernel.Available() {
		for _, tt := range []struct {
			name   string
			change func(affinity, x []float32)
		}{
			{"one service without edges", func(a, _ []float32) {
				for i := range c.Services {
					a[2*c.Services+i], a[i*c.Services+2] = 0, 0
				}
			}},
			{"no edges", func(a, _ []float32) { clear(a) }},
			{"no input", func(_, x []float32) { clear(x) }},
			{"nothing at all", func(a, x []float32) { clear(a); clear(x) }},
		} {
			t.Run(k.Name+"/"+tt.name, func(t *testing.T) {
				s := newCase32(t, k, c)
				affinity := narrow(randomAffinity(rand.New(rand.NewPCG(2, 3)), c.Services))
				tt.change(affinity, s.x)
				affinity = graph.Normalise(affinity, c.Services)
				s.network.Basis(s.basis, affinity)
				s.run(s.network.Training(true))
				daffinity := make([]float32, len(affinity))
				s.network.BasisBackward(daffinity, s.dbasis, affinity)
				finite(t, "outputs", s.y)
				finite(t, "gradient of the affinity matrix", daffinity)
				for i, g := range s.parameterGradients {
					finite(t, "gradient of "+s.network.Parameters()[i].Name, g)
				}
			})
		}
	}
}

func finite(t *testing.T, name string, values []float32) {
	t.Helper()
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Errorf("%s[%d] is %v", name, i, v)
			return
		}
	}
}

// TestKernelsAgree runs the same network on every set of kernels, at sizes that
// are no multiple of any vector.
func TestKernelsAgree(t *testing.T) {
	for _, c := range []Config{
		{Services: 1, Window: 3, Features: 1, Outputs: 1, Hidden: 2, Kernel: 1, Blocks: 1},
		{Services: 13, Window: 7, Features: 5, Outputs: 3, Hidden: 22, Kernel: 5, Blocks: 2},
		{Services: 41, Window: 12, Features: 5, Outputs: 1, Hidden: 64, Kernel: 3, Blocks: 2},
	} {
		want := newCase32(t, kernel.Gonum32(), c)
		want.run(want.network.Training(true))
		for _, k := range kernel.Available() {
			t.Run(fmt.Sprintf("N=%d/%s", c.Services, k.Name), func(t *testing.T) {
				got := newCase32(t, k, c)
				got.run(got.network.Training(true))
				const tolerance = 2e-4
				near(t, "outputs", got.y, golds(want.y), tolerance)
				near(t, "gradient of the basis", got.dbasis, golds(want.dbasis), tolerance)
				for i, p := range got.network.Parameters() {
					near(t, "gradient of "+p.Name, got.parameterGradients[i], golds(want.parameterGradients[i]), tolerance)
				}
			})
		}
	}
}

// TestForwardAllocatesNothing holds for the sets in assembly; gonum's matrix
// product starts goroutines.
func TestForwardAllocatesNothing(t *testing.T) {
	c := Config{Services: 41, Window: 12, Features: 5, Outputs: 1, Hidden: 64, Kernel: 5, Blocks: 2}
	for _, k := range kernel.Available() {
		if k.Name == kernel.Gonum32().Name {
			continue
		}
		s := newCase32(t, k, c)
		inference := s.network.Inference()
		if n := testing.AllocsPerRun(10, func() { inference.Forward(s.x, s.basis, s.y) }); n != 0 {
			t.Errorf("%s: the forward pass of inference allocates %v times", k.Name, n)
		}
		training := s.network.Training(true)
		if n := testing.AllocsPerRun(10, func() { s.run(training) }); n != 0 {
			t.Errorf("%s: the two passes of training allocate %v times", k.Name, n)
		}
	}
}

// TestPassesShareParameters runs passes side by side, for the race detector, and
// compares what they find, bit for bit.
func TestPassesShareParameters(t *testing.T) {
	c := Config{Services: 9, Window: 6, Features: 3, Outputs: 2, Hidden: 16, Kernel: 3, Blocks: 2}
	for _, k := range kernel.Available() {
		t.Run(k.Name, func(t *testing.T) {
			want := newCase32(t, k, c)
			want.run(want.network.Training(true))
			results := make([]*case32, 2)
			var wait sync.WaitGroup
			for i := range results {
				s := *want
				s.y, s.dy, s.dbasis = slices.Clone(s.y), slices.Clone(s.dy), make([]float32, len(s.dbasis))
				results[i] = &s
				pass := s.network.Training(true)
				wait.Go(func() {
					for range 5 {
						for _, g := range pass.Gradients() {
							clear(g)
						}
						clear(s.dbasis)
						s.run(pass)
					}
				})
			}
			wait.Wait()
			for i, s := range results {
				if diff := cmp.Diff([][]float32{want.y, want.dbasis}, [][]float32{s.y, s.dbasis}); diff != "" {
					t.Errorf("pass %d differs from one alone (-want +got):\n%s", i, diff)
				}
				if diff := cmp.Diff(want.parameterGradients, s.parameterGradients); diff != "" {
					t.Errorf("gradients of pass %d differ from those of one alone (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

package autodiff

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// stock is the forward pass of gnn.Network for one sample, made of gorgonia's own
// operations: what the fused one is held against, in what it computes and how fast.
type stock struct {
	x, affinity, second []float32 // [τ,N,C], A and T₂(A), filled in before a run

	graph   *gorgonia.ExprGraph
	config  gnn.Config
	nodes   map[string]*gorgonia.Node
	machine gorgonia.VM
	value   gorgonia.Value
}

func newStock(t testing.TB, m *gnn.Network[float32]) *stock {
	t.Helper()
	c := m.Config()
	s := &stock{
		graph: gorgonia.NewGraph(), config: c, nodes: map[string]*gorgonia.Node{},
		x:        make([]float32, c.Window*c.Services*c.Features),
		affinity: make([]float32, c.Services*c.Services), second: make([]float32, c.Services*c.Services),
	}
	for _, p := range m.Parameters() {
		s.parameter(p)
	}
	n := c.Services
	basis := []*gorgonia.Node{node(s.graph, "T₁", s.affinity, n, n), node(s.graph, "T₂", s.second, n, n)}
	for _, term := range basis {
		basis = append(basis, must(gorgonia.Transpose(term)))
	}
	out, channels := node(s.graph, "x", s.x, c.Window, n, c.Features), c.Features
	for i := range c.Blocks {
		out, channels = s.block(fmt.Sprintf("blocks.%d.", i), out, basis, channels), c.Hidden
	}
	// The head is one product over the steps and channels of a service.
	flat := reshape(must(gorgonia.Transpose(out, 1, 0, 2)), n, c.Window*c.Hidden)
	weight := reshape(s.nodes["head.weight"], c.Window*c.Hidden, c.Outputs)
	y := rowwise(gorgonia.BroadcastAdd, mul(flat, weight), s.nodes["head.bias"])
	gorgonia.Read(y, &s.value)
	s.machine = gorgonia.NewTapeMachine(s.graph)
	return s
}

// parameter makes the node of a parameter; the filters of the four hops one each.
func (s *stock) parameter(p *gnn.Parameter[float32]) {
	prefix, isHops := strings.CutSuffix(p.Name, "hops")
	if !isHops {
		shape := p.Shape
		switch {
		case strings.HasSuffix(p.Name, "temporal.weight"):
			s.nodes[p.Name] = node(s.graph, p.Name, filters(p), shape[2], shape[1], 1, shape[0])
		case p.Name == "head.weight":
			s.nodes[p.Name] = node(s.graph, p.Name, discounted(p), shape...)
		default:
			s.nodes[p.Name] = node(s.graph, p.Name, p.Data, shape...)
		}
		return
	}
	in, half := p.Shape[0], p.Shape[2]
	for q := range p.Shape[1] {
		data := make([]float32, 0, in*half)
		for c := range in {
			at := (c*p.Shape[1] + q) * half
			data = append(data, p.Data[at:at+half]...)
		}
		name := fmt.Sprintf("%shop%d", prefix, q)
		s.nodes[name] = node(s.graph, name, data, in, half)
	}
}

// filters are the taps [k,in,out] in gorgonia's order, [out,in,1,k].
func filters(p *gnn.Parameter[float32]) []float32 {
	taps, in, out := p.Shape[0], p.Shape[1], p.Shape[2]
	data := make([]float32, 0, len(p.Data))
	for o := range out {
		for i := range in {
			for q := range taps {
				data = append(data, p.Data[(q*in+i)*out+o])
			}
		}
	}
	return data
}

// discounted are the weights of the head [τ,channels,out] times γ = 0.8 to the power
// of the age of their step.
func discounted(p *gnn.Parameter[float32]) []float32 {
	data, part := slices.Clone(p.Data), len(p.Data)/p.Shape[0]
	for i := range data {
		data[i] *= float32(math.Pow(0.8, float64(p.Shape[0]-1-i/part)))
	}
	return data
}

// block takes and returns [τ,N,channels].
func (s *stock) block(prefix string, x *gorgonia.Node, basis []*gorgonia.Node, channels int) *gorgonia.Node {
	steps, n, h := s.config.Window, s.config.Services, s.config.Hidden
	p := func(name string) *gorgonia.Node { return s.nodes[prefix+name] }
	byService := func(x *gorgonia.Node) *gorgonia.Node { return must(gorgonia.Transpose(x, 1, 0, 2)) }

	// Temporal attention, Eq. 11 and 12.
	left := mul(reshape(must(gorgonia.Transpose(x, 0, 2, 1)), steps*channels, n), reshape(p("attention.u1"), n, 1))
	left = mul(reshape(left, steps, channels), p("attention.u2"))
	right := reshape(mul(reshape(x, steps*n, channels), reshape(p("attention.u3"), channels, 1)), steps, n)
	product := must(gorgonia.Add(mul(left, must(gorgonia.Transpose(right))), p("attention.be")))
	e := mul(p("attention.ve"), must(gorgonia.Sigmoid(product)))
	weights := must(gorgonia.SoftMax(e, 1))
	attended := reshape(mul(weights, reshape(x, steps, n*channels)), steps, n, channels)

	// Chebyshev convolution, Eq. 13, with the services in front so that one product serves all steps.
	wide := reshape(byService(attended), n, steps*channels)
	rows := func(x *gorgonia.Node) *gorgonia.Node { return reshape(x, n*steps, channels) }
	var halves [2]*gorgonia.Node
	for q, term := range basis {
		hop := mul(rows(mul(term, wide)), p(fmt.Sprintf("chebyshev.hop%d", q)))
		if at := &halves[q/2]; *at == nil {
			*at = hop
		} else {
			*at = must(gorgonia.Add(*at, hop))
		}
	}
	convolved := must(gorgonia.Add(must(gorgonia.Concat(1, halves[0], halves[1])), mul(rows(wide), p("chebyshev.self"))))
	hidden := must(gorgonia.Rectify(rowwise(gorgonia.BroadcastAdd, convolved, p("chebyshev.bias"))))

	// Convolution over the steps with its residual.
	taps := s.config.Kernel
	image := reshape(must(gorgonia.Transpose(reshape(hidden, n, steps, h), 2, 0, 1)), 1, h, n, steps)
	image = must(gorgonia.Conv2d(image, p("temporal.weight"), tensor.Shape{1, taps}, []int{0, (taps - 1) / 2}, []int{1, 1}, []int{1, 1}))
	r := reshape(must(gorgonia.Transpose(reshape(image, h, n, steps), 1, 2, 0)), n*steps, h)
	r = must(gorgonia.Add(r, mul(rows(byService(x)), p("residual.weight"))))
	r = must(gorgonia.Rectify(rowwise(gorgonia.BroadcastAdd, r, p("temporal.bias"))))

	// LayerNorm, Eq. 14.
	centred := columnwise(gorgonia.BroadcastSub, r, must(gorgonia.Mean(r, 1)))
	variance := must(gorgonia.Mean(must(gorgonia.Square(centred)), 1))
	deviation := must(gorgonia.Sqrt(must(gorgonia.Add(variance, gorgonia.NewConstant(float32(1e-5))))))
	out := columnwise(gorgonia.BroadcastHadamardDiv, centred, deviation)
	out = rowwise(gorgonia.BroadcastHadamardProd, out, p("norm.gain"))
	out = rowwise(gorgonia.BroadcastAdd, out, p("norm.shift"))
	return byService(reshape(out, n, steps, h))
}

// run returns the outputs, N·O numbers.
func (s *stock) run() ([]float32, error) {
	s.machine.Reset()
	if err := s.machine.RunAll(); err != nil {
		return nil, err
	}
	return floats(s.value)
}

// must is for the making of the graph, whose shapes are all known.
func must(n *gorgonia.Node, err error) *gorgonia.Node {
	if err != nil {
		panic(err)
	}
	return n
}

func mul(a, b *gorgonia.Node) *gorgonia.Node { return must(gorgonia.Mul(a, b)) }

func reshape(n *gorgonia.Node, shape ...int) *gorgonia.Node {
	return must(gorgonia.Reshape(n, shape))
}

type broadcast func(a, b *gorgonia.Node, left, right []byte) (*gorgonia.Node, error)

// rowwise applies a vector with one number per column to every row.
func rowwise(f broadcast, a, vector *gorgonia.Node) *gorgonia.Node {
	return must(f(a, reshape(vector, 1, a.Shape()[1]), nil, []byte{0}))
}

// columnwise applies a vector with one number per row to every column.
func columnwise(f broadcast, a, vector *gorgonia.Node) *gorgonia.Node {
	return must(f(a, reshape(vector, a.Shape()[0], 1), nil, []byte{1}))
}

// load fills in a sample and a graph, the same for both networks.
func (s *stock) load(m *gnn.Network[float32], rng *rand.Rand) (x, basis []float32) {
	fill(s.x, rng)
	n := s.config.Services
	copy(s.affinity, randomGraph(rng, n))
	basis = make([]float32, m.BasisSize())
	m.Basis(basis, s.affinity)
	copy(s.second, basis[n*n:])
	return s.x, basis
}

// TestStockNetwork checks that the network in gorgonia's own operations is ours.
func TestStockNetwork(t *testing.T) {
	for _, c := range []gnn.Config{small, trainTicket} {
		rng := rand.New(rand.NewPCG(8, 9))
		m := newModel(t, c)
		s := newStock(t, m)
		for range 2 {
			x, basis := s.load(m, rng)
			want := make([]float32, c.Services*c.Outputs)
			m.Inference().Forward(x, basis, want)
			got, err := s.run()
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("%+v: %d outputs, want %d", c, len(got), len(want))
			}
			for i, w := range want {
				if d := math.Abs(float64(got[i] - w)); !(d <= 1e-4*max(1, math.Abs(float64(w)))) {
					t.Errorf("%+v: output %d is %v, ours is %v", c, i, got[i], w)
				}
			}
		}
		if err := s.machine.Close(); err != nil {
			t.Error(err)
		}
	}
}

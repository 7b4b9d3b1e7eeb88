package gnn

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
)

// golden is a file that hack/golden made: a network and what an independent
// reference, written from the paper's equations, computes with it.
type golden struct {
	Config struct {
		Services, Window, Features, Hidden, Kernel, Horizon, Blocks, Samples int
	} `json:"config"`
	Quantile   float64        `json:"quantile"`
	Parameters []goldenTensor `json:"parameters"`
	Affinity   goldenTensor   `json:"affinity"`
	X          goldenTensor   `json:"x"`
	Y          goldenTensor   `json:"y"`
	Output     goldenTensor   `json:"output"`
	Loss       float64        `json:"loss"`
	Gradients  struct {
		Parameters []goldenTensor `json:"parameters"`
		Affinity   goldenTensor   `json:"affinity"`
	} `json:"gradients"`
	Stages []goldenTensor `json:"stages"`
}

type goldenTensor struct {
	Name string         `json:"name"`
	Data []goldenNumber `json:"data"`
}

// goldenNumber is NaN where JSON has null.
type goldenNumber float64

func (n *goldenNumber) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = goldenNumber(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

func readGolden(t *testing.T, size string) *golden {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "hack", "golden", "testdata", "network-"+size+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return &g
}

func (g *golden) config() Config {
	c := g.Config
	return Config{
		Services: c.Services, Window: c.Window, Features: c.Features, Outputs: c.Horizon,
		Hidden: c.Hidden, Kernel: c.Kernel, Blocks: c.Blocks,
	}
}

// part is the share of one of equal consecutive parts.
func (g goldenTensor) part(i, parts int) []goldenNumber {
	size := len(g.Data) / parts
	return g.Data[i*size : (i+1)*size]
}

// lookup returns the values of our parameter. The reference has the filters of the
// graph convolution by direction, with the rows of out A|T₂|I and those of in
// I|Aᵀ|T₂ᵀ; ours are by distance, so that one product serves many.
func lookup(t *testing.T, all []goldenTensor, name string, in, out int) []goldenNumber {
	t.Helper()
	find := func(name string) goldenTensor {
		for _, p := range all {
			if p.Name == name {
				return p
			}
		}
		t.Fatalf("the reference has no %s", name)
		return goldenTensor{}
	}
	prefix, isSelf := strings.CutSuffix(name, "self")
	if !isSelf {
		var isHops bool
		if prefix, isHops = strings.CutSuffix(name, "hops"); !isHops {
			return find(name).Data
		}
	}
	filter := func(direction string, term, channel int) []goldenNumber {
		return find(prefix+direction).part(term*in+channel, 3*in)
	}
	var data []goldenNumber
	for c := range in {
		if isSelf {
			data = append(append(data, filter("out", 2, c)...), filter("in", 0, c)...)
			continue
		}
		for _, hop := range [][]goldenNumber{filter("out", 0, c), filter("out", 1, c), filter("in", 1, c), filter("in", 2, c)} {
			data = append(data, hop...)
		}
	}
	if len(data)%out != 0 {
		t.Fatalf("%s has %d numbers for %d channels", name, len(data), out)
	}
	return data
}

// wanted returns the reference's values for all parameters of a network.
func wanted[T Float](t *testing.T, n *Network[T], all []goldenTensor) [][]goldenNumber {
	t.Helper()
	var values [][]goldenNumber
	ours, theirs := 0, 0
	for _, p := range n.Parameters() {
		in := n.config.Hidden
		if strings.HasPrefix(p.Name, "blocks.0.") {
			in = n.config.Features
		}
		v := lookup(t, all, p.Name, in, n.config.Hidden)
		if len(v) != len(p.Data) {
			t.Fatalf("%s has %d numbers, the reference %d", p.Name, len(p.Data), len(v))
		}
		values = append(values, v)
		ours += len(v)
	}
	for _, p := range all {
		theirs += len(p.Data)
	}
	if ours != theirs {
		t.Fatalf("the network has %d parameters, the reference %d", ours, theirs)
	}
	return values
}

// goldenNetwork is a network with the reference's parameters.
func goldenNetwork[T Float](t *testing.T, k kernel.Set[T], g *golden) *Network[T] {
	t.Helper()
	n, err := build(g.config(), k, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range wanted(t, n, g.Parameters) {
		copy(n.Parameters()[i].Data, cast[T](v))
	}
	n.Refresh()
	return n
}

func cast[T Float](v []goldenNumber) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}

// near reports differences beyond tolerance times the largest magnitude of want,
// which must not be 0: nothing is near to nothing.
func near[T Float](t *testing.T, name string, got []T, want []goldenNumber, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, want %d", name, len(got), len(want))
		return
	}
	largest, worst, at := 0.0, 0.0, 0
	for i, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		if d := math.Abs(float64(got[i]) - float64(w)); d > worst || math.IsNaN(d) {
			worst, at = d, i
		}
	}
	if largest == 0 || !(worst <= tolerance*largest) {
		t.Errorf("%s[%d] is %v, want %v: off by %.2g of the largest, %v", name, at, got[at], want[at], worst/largest, largest)
	}
}

// goldenTest compares outputs, loss, and the gradients of everything.
func goldenTest[T Float](t *testing.T, k kernel.Set[T], tolerance float64) {
	for _, size := range []string{"small", "medium", "large"} {
		t.Run(size, func(t *testing.T) {
			g := readGolden(t, size)
			n := goldenNetwork(t, k, g)
			affinity, labels := cast[T](g.Affinity.Data), cast[T](g.Y.Data)
			basis, dbasis := make([]T, n.BasisSize()), make([]T, n.BasisSize())
			n.Basis(basis, affinity)
			known := 0
			for _, v := range labels {
				if !math.IsNaN(float64(v)) {
					known++
				}
			}
			samples := g.Config.Samples
			y, dy := make([]T, len(labels)), make([]T, len(labels))
			loss, pass := 0.0, n.Training(true)
			for i := range samples {
				from, until := i*len(y)/samples, (i+1)*len(y)/samples
				pass.Forward(cast[T](g.X.part(i, samples)), basis, y[from:until])
				loss += Pinball(y[from:until], labels[from:until], nil, dy, nil, []T{T(g.Quantile)}, 1/T(known))
				pass.Backward(dy[:until-from], basis, dbasis)
			}
			near(t, "output", y, g.Output.Data, tolerance)
			near(t, "loss", []T{T(loss / float64(known))}, []goldenNumber{goldenNumber(g.Loss)}, tolerance)
			for i, want := range wanted(t, n, g.Gradients.Parameters) {
				near(t, "gradient of "+n.Parameters()[i].Name, pass.Gradients()[i], want, tolerance)
			}
			daffinity := make([]T, len(affinity))
			n.BasisBackward(daffinity, dbasis, affinity)
			near(t, "gradient of the affinity matrix", daffinity, g.Gradients.Affinity.Data, tolerance)
		})
	}
}

func TestGoldenFloat64(t *testing.T) { goldenTest(t, kernel.Gonum64(), 1e-9) }

func TestGoldenFloat32(t *testing.T) {
	for _, k := range kernel.Available() {
		t.Run(k.Name, func(t *testing.T) { goldenTest(t, k, 1e-5) })
	}
}

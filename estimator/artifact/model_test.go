package artifact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// sameModel compares models: an unknown loss equals another, and no list is
// the same as an empty one.
var sameModel = cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}

// tiny returns a model of two services in which every field is set. Its
// numbers have exact decimals, so that it can be read off the golden file.
func tiny() *Model {
	return &Model{
		Kind:            KindDeepScaler,
		Services:        []string{"shop/cart", "shop/web"},
		Features:        []string{"replicas", "cpu", "requests"},
		Target:          "replicas",
		Label:           LabelRequired,
		Window:          2,
		Horizons:        []int{1, 2, 4},
		Step:            30 * time.Second,
		Hyperparameters: Hyperparameters{Hidden: 2, Kernel: 3, Blocks: 1, Order: 3, Quantile: 0.75},
		Scaler: Scaler{
			Mean:       [][]float64{{2, 0.5, 10}, {4, 0.25, 40}},
			Std:        [][]float64{{1, 0.125, 3}, {2, 0.0625, 4}},
			TargetMean: []float64{0, 0.5},
			TargetStd:  []float64{3, 4},
			Anchor:     AnchorChange,
			Shares:     []float64{0.5, 0.75, 1},
		},
		Affinity: []float32{0.5, 0, 0.75, 0.25},
		Graphs: []Graph{
			{Name: "invocation", Loss: 0.375, Affinity: []float32{1, 0, 1, 1}},
			{Name: "learned-1", Loss: math.NaN(), Affinity: []float32{0, 0.5, 2, 0}},
		},
		Report:  json.RawMessage(`{"epochs":3,"loss":[0.5,0.25,0.125],"note":"<a & b>"}`),
		Parent:  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Created: time.Date(2024, 2, 29, 12, 30, 15, 250_000_000, time.UTC),
		Tensors: []Tensor{
			{Name: "blocks.0.attention.u1", Shape: []int{2}, Data: []float32{1, -2}},
			{Name: "blocks.0.attention.u2", Shape: []int{3, 2}, Data: []float32{1, 2, 3, 4, 5, 6}},
			{Name: "blocks.0.norm.gain", Shape: []int{2}, Data: []float32{1, float32(math.Copysign(0, -1))}},
			{Name: "head.weight", Shape: []int{2, 2, 3}, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
			{Name: "head.scale", Shape: []int{}, Data: []float32{math.MaxFloat32}},
		},
	}
}

// sized returns the tiny model with its outputs measured from the demand.
func sized() *Model {
	m := tiny()
	m.Scaler.Anchor = AnchorDemand
	m.Scaler.Sizings = []demand.Sizing{{Idle: 0.125, Utilisation: 0.5}, {Idle: 0, Utilisation: 0.75}}
	return m
}

// random returns a valid model of random sizes and numbers.
func random(r *rand.Rand) *Model {
	names := func(prefix string, n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf("%s <&\"\\é\u2028> %d", prefix, i)
		}
		return all
	}
	floats := func(n int) []float32 {
		data := make([]float32, n)
		for i := range data {
			for {
				data[i] = math.Float32frombits(r.Uint32())
				if f := float64(data[i]); !math.IsNaN(f) && !math.IsInf(f, 0) {
					break
				}
			}
		}
		return data
	}
	n, c := 1+r.IntN(6), 1+r.IntN(5)
	matrix := func() []float32 {
		a := make([]float32, n*n)
		for i := range a {
			a[i] = float32(max(0, r.NormFloat64()))
		}
		return a
	}
	row := func(size int, draw func() float64) []float64 {
		v := make([]float64, size)
		for i := range v {
			v[i] = draw()
		}
		return v
	}
	positive := func() float64 { return math.Exp(20 * r.NormFloat64()) }
	number := func() float64 { return r.NormFloat64() * positive() }
	m := &Model{
		Kind:            []string{KindDeepScaler, KindDCRNN, KindTGCN}[r.IntN(3)],
		Services:        names("service", n),
		Features:        names("feature", c),
		Target:          "target",
		Label:           []string{LabelObserved, LabelRequired}[r.IntN(2)],
		Window:          1 + r.IntN(20),
		Step:            time.Duration(1 + r.Int64N(int64(maxStep))),
		Hyperparameters: Hyperparameters{Hidden: 2 + 2*r.IntN(32), Kernel: 1 + 2*r.IntN(3), Blocks: 1 + r.IntN(3), Order: r.IntN(4), Quantile: 0.01 + 0.98*r.Float64()},
		Affinity:        matrix(),
		Created:         time.Unix(r.Int64N(1<<33), r.Int64N(1e9)).UTC(),
	}
	for h, n := 0, 1+r.IntN(4); len(m.Horizons) < n; {
		h += 1 + r.IntN(5)
		m.Horizons = append(m.Horizons, h)
	}
	for range n {
		m.Scaler.Mean = append(m.Scaler.Mean, row(c, number))
		m.Scaler.Std = append(m.Scaler.Std, row(c, positive))
	}
	m.Scaler.TargetMean, m.Scaler.TargetStd = row(n, number), row(n, positive)
	switch r.IntN(3) {
	case 0:
		m.Target, m.Scaler.Anchor = m.Features[r.IntN(c)], AnchorChange
	case 1:
		if c < 2 {
			break
		}
		m.Target, m.Label, m.Scaler.Anchor = "replicas", LabelRequired, AnchorDemand
		m.Features[c-1], m.Features[c-2] = "replicas", "cpu"
		for range n {
			utilisation := 1 - r.Float64()
			m.Scaler.Sizings = append(m.Scaler.Sizings, demand.Sizing{Idle: utilisation * r.Float64(), Utilisation: utilisation})
		}
	}
	for i, name := range names("graph", r.IntN(3)) {
		m.Graphs = append(m.Graphs, Graph{Name: name, Loss: []float64{r.Float64(), math.NaN()}[i%2], Affinity: matrix()})
	}
	for i := range 1 + r.IntN(5) {
		t := Tensor{Name: fmt.Sprintf("tensor %d", i), Shape: []int{}}
		elements := 1
		for range r.IntN(4) {
			d := 1 + r.IntN(6)
			t.Shape = append(t.Shape, d)
			elements *= d
		}
		t.Data = floats(elements)
		m.Tensors = append(m.Tensors, t)
	}
	if r.IntN(2) == 0 {
		m.Report = json.RawMessage(fmt.Sprintf(`{"seed":%d}`, r.Uint32()))
	}
	if r.IntN(2) == 0 {
		m.Parent = m.Hash()
	}
	return m
}

// encode returns the file of a valid model.
func encode(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTensor(t *testing.T) {
	m := tiny()
	got, ok := m.Tensor("head.weight")
	if !ok {
		t.Fatal("head.weight is missing")
	}
	if diff := cmp.Diff(m.Tensors[3], got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, ok := m.Tensor("head.bias"); ok {
		t.Error("found a tensor that is not there")
	}
}

package artifact

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// rows is the rule of the network of paper §IV-C.
func rows() RowRule { return RowRule{"attention.u1": 0, "attention.u2": 1} }

func TestTransfer(t *testing.T) {
	m := tiny()
	// The web leaves, the new one comes first, the cart stays.
	got, err := m.Transfer([]string{"shop/new", "shop/cart"}, rows())
	if err != nil {
		t.Fatal(err)
	}
	want := tiny()
	want.Services = []string{"shop/new", "shop/cart"}
	want.Scaler = Scaler{
		Mean:       [][]float64{{3, 0.375, 25}, {2, 0.5, 10}},
		Std:        [][]float64{{math.Sqrt(2.5), 0.125 * math.Sqrt(0.625), math.Sqrt(12.5)}, {1, 0.125, 3}},
		TargetMean: []float64{0.25, 0},
		TargetStd:  []float64{math.Sqrt(12.5), 3},
		Anchor:     AnchorChange,
		Shares:     []float64{0.5, 0.75, 1},
	}
	want.Affinity = []float32{0, 0, 0, 0.5}
	want.Graphs[0].Affinity = []float32{0, 0, 0, 1}
	want.Graphs[1].Affinity = []float32{0, 0, 0, 0}
	want.Report = nil
	want.Parent = tiny().Hash()
	want.Tensors[0].Data = []float32{-0.5, 1}
	want.Tensors[1].Data = []float32{1.5, 1, 3.5, 3, 5.5, 5}
	if diff := cmp.Diff(want, got, sameModel, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(tiny(), m, sameModel); diff != "" {
		t.Errorf("the original changed: (-want +got)\n%s", diff)
	}
	if err := Write(new(strings.Builder), got); err != nil {
		t.Error(err)
	}
}

func TestTransferChangesTheNumberOfRows(t *testing.T) {
	m := tiny()
	got, err := m.Transfer([]string{"a", "shop/cart", "b", "shop/web"}, rows())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Tensor{
		"blocks.0.attention.u1": {Shape: []int{4}, Data: []float32{-0.5, 1, -0.5, -2}},
		"blocks.0.attention.u2": {Shape: []int{3, 4}, Data: []float32{1.5, 1, 1.5, 2, 3.5, 3, 3.5, 4, 5.5, 5, 5.5, 6}},
	}
	for _, tensor := range m.Tensors[2:] {
		want[tensor.Name] = tensor
	}
	for _, tensor := range got.Tensors {
		w := want[tensor.Name]
		w.Name = tensor.Name
		if diff := cmp.Diff(w, tensor); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	affinity := []float32{
		0, 0, 0, 0,
		0, 0.5, 0, 0,
		0, 0, 0, 0,
		0, 0.75, 0, 0.25,
	}
	if diff := cmp.Diff(affinity, got.Affinity); diff != "" {
		t.Errorf("affinity: (-want +got)\n%s", diff)
	}
}

// TestTransferOfVectorPerService is about parameters such as M₁, which have a
// vector for each service.
func TestTransferOfVectorPerService(t *testing.T) {
	m := tiny()
	m.Tensors = append(m.Tensors,
		Tensor{Name: "generator.m1", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 5, 6, 7}},
		Tensor{Name: "inside", Shape: []int{2, 2, 2}, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8}})
	got, err := m.Transfer([]string{"shop/web", "shop/new", "shop/cart"}, RowRule{"m1": 0, "inside": 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []Tensor{
		{Name: "generator.m1", Shape: []int{3, 3}, Data: []float32{5, 6, 7, 3, 4, 5, 1, 2, 3}},
		{Name: "inside", Shape: []int{2, 3, 2}, Data: []float32{3, 4, 2, 3, 1, 2, 7, 8, 6, 7, 5, 6}},
	}
	if diff := cmp.Diff(want, got.Tensors[len(got.Tensors)-2:]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTransferToOneService(t *testing.T) {
	got, err := tiny().Transfer([]string{"shop/web"}, rows())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{2, 4, 6}, got.Tensors[1].Data); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]float32{0.25}, got.Affinity); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTransferOfSizings: who stays keeps its own, who is new has a median one.
func TestTransferOfSizings(t *testing.T) {
	m := sized()
	got, err := m.Transfer([]string{"shop/web", "shop/new", "shop/cart"}, rows())
	if err != nil {
		t.Fatal(err)
	}
	want := []demand.Sizing{{Idle: 0, Utilisation: 0.75}, {Idle: 0.125, Utilisation: 0.5}, {Idle: 0.125, Utilisation: 0.5}}
	if diff := cmp.Diff(want, got.Scaler.Sizings); diff != "" || got.Scaler.Anchor != AnchorDemand {
		t.Errorf("anchor %q, sizings (-want +got)\n%s", got.Scaler.Anchor, diff)
	}
	// Now the middle one of three is neither the first nor the last.
	got.Scaler.Sizings[1] = demand.Sizing{Idle: 0.25, Utilisation: 0.625}
	again, err := got.Transfer([]string{"a", "shop/cart"}, rows())
	if err != nil {
		t.Fatal(err)
	}
	want = []demand.Sizing{{Idle: 0.25, Utilisation: 0.625}, {Idle: 0.125, Utilisation: 0.5}}
	if diff := cmp.Diff(want, again.Scaler.Sizings); diff != "" {
		t.Errorf("sizings (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(sized(), m, sameModel); diff != "" {
		t.Errorf("the original changed: (-want +got)\n%s", diff)
	}
}

func TestTransferSharesNoMemory(t *testing.T) {
	m := sized()
	got, err := m.Transfer(m.Services, rows())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Services {
		got.Services[i] = "x"
		got.Scaler.Mean[i][0], got.Scaler.Std[i][0], got.Scaler.TargetMean[i], got.Scaler.TargetStd[i] = 9, 9, 9, 9
		got.Scaler.Sizings[i].Idle = 9
	}
	got.Features[0], got.Horizons[0] = "x", 9
	got.Affinity[0], got.Graphs[0].Affinity[0], got.Graphs[0].Name = 9, 9, "x"
	for i := range got.Tensors {
		got.Tensors[i].Data[0] = 9
		got.Tensors[i].Name = "x"
		for d := range got.Tensors[i].Shape {
			got.Tensors[i].Shape[d] = 9
		}
	}
	if diff := cmp.Diff(sized(), m, sameModel); diff != "" {
		t.Errorf("the original changed: (-want +got)\n%s", diff)
	}
}

// TestTransferProperties permutes, drops and adds services of random models.
func TestTransferProperties(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		m := random(r)
		n := len(m.Services)
		m.Tensors = append(m.Tensors, Tensor{Name: "blocks.0.attention.u1", Shape: []int{n}, Data: make([]float32, n)},
			Tensor{Name: "blocks.0.attention.u2", Shape: []int{3, n}, Data: make([]float32, 3*n)})
		for i := range n {
			m.Tensors[len(m.Tensors)-2].Data[i] = r.Float32()
		}

		// There and back in another order is the same model.
		shuffled := slices.Clone(m.Services)
		r.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		there, err := m.Transfer(shuffled, rows())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		back, err := there.Transfer(m.Services, rows())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if back.Parent != there.Hash() || there.Parent != m.Hash() {
			t.Fatalf("seed %d: the line of parents is broken", seed)
		}
		if diff := cmp.Diff(m, back, sameModel, cmpopts.IgnoreFields(Model{}, "Parent", "Report")); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}

		// So is adding services and dropping them again.
		grown, err := m.Transfer(append([]string{"new 1", "new 2"}, m.Services...), rows())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if back, err = grown.Transfer(m.Services, rows()); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(m, back, sameModel, cmpopts.IgnoreFields(Model{}, "Parent", "Report")); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
	}
}

func TestTransferOfExtremeScalers(t *testing.T) {
	m := tiny()
	m.Scaler.Mean[0][0], m.Scaler.Mean[1][0] = math.MaxFloat64, math.MaxFloat64
	m.Scaler.Std[0][0], m.Scaler.Std[1][0] = 1e300, 1e300
	got, err := m.Transfer([]string{"shop/cart", "shop/new"}, rows())
	if err != nil {
		t.Fatal(err)
	}
	if mean, std := got.Scaler.Mean[1][0], got.Scaler.Std[1][0]; mean != math.MaxFloat64 || math.Abs(std/1e300-1) > 1e-12 {
		t.Errorf("mean %v, std %v", mean, std)
	}
}

func TestTransferRefuses(t *testing.T) {
	keep := []string{"shop/cart"}
	for _, c := range []struct {
		name     string
		change   func(*Model)
		services []string
		rows     RowRule
		text     string
	}{
		{"invalid model", func(m *Model) { m.Window = 0 }, keep, rows(), "window"},
		{"no services", nil, nil, rows(), "0 services"},
		{"service twice", nil, []string{"shop/cart", "shop/cart"}, rows(), "twice"},
		{"service without a name", nil, []string{""}, rows(), "empty"},
		{"another application", nil, []string{"bank/web"}, rows(), "bank/web"},
		{"axis of another size", nil, keep, RowRule{"attention.u2": 0}, "no axis 0"},
		{"axis beyond the shape", nil, keep, RowRule{"attention.u1": 1}, "no axis 1"},
		{"negative axis", nil, keep, RowRule{"attention.u1": -1}, "no axis -1"},
		{"scalar", nil, keep, RowRule{"head.scale": 0}, "no axis 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tiny()
			if c.change != nil {
				c.change(m)
			}
			got, err := m.Transfer(c.services, c.rows)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want one with %q", err, c.text)
			}
			if got != nil {
				t.Error("there is a model beside the error")
			}
		})
	}
}

func TestRowRule(t *testing.T) {
	rule := RowRule{"u1": 0, "attention.u1": 1, "attention.u2": 2, "": 3}
	for name, want := range map[string]int{
		"u1":                    0,
		"block.u1":              0,
		"attention.u1":          1,
		"blocks.0.attention.u1": 1,
		"attention.u2":          2,
		"my.attention.u2":       2,
		"myattention.u2":        -1,
		"attention.u2.bias":     -1,
		"u2":                    -1,
		"menu1":                 -1,
	} {
		axis, ok := rule.axis(name)
		if !ok {
			axis = -1
		}
		if axis != want {
			t.Errorf("%s: axis %d, want %d", name, axis, want)
		}
	}
}

func TestTransferKeepsCreated(t *testing.T) {
	m := tiny()
	m.Created = time.Unix(1_700_000_000, 0)
	got, err := m.Transfer(m.Services, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Created.Equal(m.Created) {
		t.Errorf("created %v, want %v", got.Created, m.Created)
	}
}

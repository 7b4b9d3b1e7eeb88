package em

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// halves has labels that are a known share of what the model predicts.
type halves struct {
	Samples
	share   float32
	outputs map[int][]float32
}

func (h halves) Fill(indices []int, x, y []float32) {
	h.Samples.Fill(indices, x, y)
	size := len(y) / len(indices)
	for b, i := range indices {
		for k := range size {
			y[b*size+k] = h.share * h.outputs[i][k]
		}
		y[b*size] = unknown
	}
}

// labelled has a label of its own for every sample, the same for all services.
type labelled struct {
	Samples
	label func(index int) float32
}

func (l labelled) Fill(indices []int, x, y []float32) {
	l.Samples.Fill(indices, x, y)
	size := len(y) / len(indices)
	for b, i := range indices {
		for k := range size {
			y[b*size+k] = l.label(i)
		}
	}
}

// outputsOf returns what a model predicts for samples, and fails when that is next to nothing.
func outputsOf(t *testing.T, m gnn.Model[float32], affinity []float32, s Samples) map[int][]float32 {
	t.Helper()
	outputs, largest := map[int][]float32{}, float32(0)
	err := Predict(t.Context(), m, affinity, s, 1, func(_, i int, y, _ []float32, _ []bool) {
		outputs[i] = append([]float32(nil), y...)
		for _, v := range y {
			largest = max(largest, v, -v)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if largest < 0.1 {
		t.Fatalf("the model predicts %v at most", largest)
	}
	return outputs
}

func calibrated(t *testing.T, m gnn.Model[float32], p Problem, c Config, affinity []float32) float64 {
	t.Helper()
	s := &session{config: c, problem: p, model: m, best: best{affinity: affinity}}
	got, err := s.calibrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("shares %v, want one for the one output", got)
	}
	return got[0]
}

func TestCalibrationFindsTheShare(t *testing.T) {
	for _, share := range []float64{0, 0.35, 1, 1.2} {
		m, p, c := lesson(t)
		drawHead(t, m)
		affinity := firstAffinity(t, m, p, c)
		p.Validation = halves{p.Validation, float32(share), outputsOf(t, m, affinity, p.Validation)}
		if got := calibrated(t, m, p, c, affinity); math.Abs(got-share) > 1e-9 {
			t.Errorf("share %v, want %v", got, share)
		}
	}
}

// TestCalibrationNeedsAgreement has a model that always predicts 1, so that a label is
// the share that is best for it.
func TestCalibrationNeedsAgreement(t *testing.T) {
	const samples = 99
	stretch := func(i int) int { return i * 10 / samples }
	// few: in the first three stretches every label is a, in the others every
	// third one is b. So a has more labels, and b more stretches.
	few := func(a, b float32) func(int) float32 {
		return func(i int) float32 {
			switch {
			case stretch(i) < 3:
				return a
			case i%3 == 0:
				return b
			}
			return unknown
		}
	}
	// most: three of any five labels are a, the other two are b.
	most := func(a, b float32) func(int) float32 {
		return func(i int) float32 {
			if i%5 < 3 {
				return a
			}
			return b
		}
	}
	for name, tt := range map[string]struct {
		label func(int) float32
		want  float64
	}{
		"a few stretches want half":   {few(0.5, 1), 1},
		"a few stretches want more":   {few(1.2, 1), 1},
		"every stretch wants half":    {most(0.5, 1), 0.5},
		"every stretch wants more":    {most(1.2, 1), 1.2},
		"every stretch wants nothing": {most(0, 1), 0},
		"every stretch wants all":     {most(1, 0.5), 1},
		// Half of them want 0.5 and half 0.8; 0.5 is the best by a hair.
		"they agree on too much": {func(i int) float32 { return 0.5 + 0.3*float32(stretch(i)%2) }, 0.85},
		"no label is known":      {func(int) float32 { return unknown }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			m, p, c := lesson(t)
			for _, param := range m.Parameters() {
				if param.Name == "head.bias" {
					param.Data[0] = 1
				}
			}
			if p.Validation.Len() != samples {
				t.Fatalf("%d samples, want %d", p.Validation.Len(), samples)
			}
			affinity := firstAffinity(t, m, p, c)
			outputsOf(t, m, affinity, p.Validation)
			p.Validation = labelled{p.Validation, tt.label}
			for _, c.Workers = range []int{1, 3} {
				if got := calibrated(t, m, p, c, affinity); math.Abs(got-tt.want) > 1e-9 {
					t.Errorf("%d workers: share %v, want %v", c.Workers, got, tt.want)
				}
			}
		})
	}
}

package learner

import (
	"math"
	"testing"
)

// halves has labels that are a known share of what the model says.
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

func TestCalibrationFindsTheShare(t *testing.T) {
	for _, share := range []float64{0, 0.35, 1, 1.2} {
		m, p, c := lesson(t)
		affinity := firstAffinity(t, m, p, c)
		outputs := map[int][]float32{}
		err := Predict(t.Context(), m, affinity, p.Validation, 1, func(_, i int, y, _ []float32) {
			outputs[i] = append([]float32(nil), y...)
		})
		if err != nil {
			t.Fatal(err)
		}
		p.Validation = halves{p.Validation, float32(share), outputs}
		s := &session{config: c, problem: p, model: m, best: best{affinity: affinity}}
		got, err := s.calibrate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || math.Abs(got[0]-share) > 1e-9 {
			t.Errorf("shares %v, want %v", got, share)
		}
	}
}

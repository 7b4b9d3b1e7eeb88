package em

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestJitterShiftsWholeSeries(t *testing.T) {
	m, _, c := lesson(t)
	c.Jitter = 0.5
	s := &session{config: c, model: m, rng: rand.New(rand.NewPCG(1, 1))}
	shape := m.Config()
	column, size := shape.Services*shape.Features, shape.Window*shape.Services*shape.Features
	x := make([]float32, 200*size)
	for i := range x {
		x[i] = float32(i % size)
	}
	s.jitter(x, 199)
	sum := 0.0
	for b := range 200 {
		for i := range column {
			shift := float64(x[b*size+i]) - float64(i)
			sum += shift * shift / float64(199*column)
			for step := range shape.Window {
				k := step*column + i
				if d := float64(x[b*size+k]) - float64(k) - shift; math.Abs(d) > 1e-4 {
					t.Fatalf("sample %d, series %d: step %d is shifted by %v more than step 0", b, i, step, d)
				}
			}
			if b == 199 && shift != 0 {
				t.Fatal("a sample beyond the batch was shifted")
			}
		}
	}
	if deviation := math.Sqrt(sum); math.Abs(deviation-0.5) > 0.05 {
		t.Errorf("shifts have a standard deviation of %v, want 0.5", deviation)
	}
}

func TestJitterLeavesSteadyFeatures(t *testing.T) {
	m, _, c := lesson(t)
	c.Jitter = 0.5
	s := &session{config: c, model: m, rng: rand.New(rand.NewPCG(1, 1))}
	shape := m.Config()
	s.problem.Steady = make([]bool, shape.Features)
	s.problem.Steady[shape.Features-1] = true
	x := make([]float32, shape.Window*shape.Services*shape.Features)
	s.jitter(x, 1)
	for i, v := range x {
		if steady := i%shape.Features == shape.Features-1; steady != (v == 0) {
			t.Errorf("input %d of a feature that is steady (%v) is shifted by %v", i, steady, v)
		}
	}
}

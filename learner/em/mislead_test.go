package em

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMisleadTakesSteadyFeaturesFromOtherSamples(t *testing.T) {
	m, _, c := lesson(t)
	s := &session{config: c, model: m, rng: rand.New(rand.NewPCG(1, 1))}
	shape := m.Config()
	size, steady := shape.Window*shape.Services*shape.Features, shape.Features-1
	const samples = 400
	x := make([]float32, samples*size)
	for i := range x {
		x[i] = float32(i / size)
	}
	s.mislead(x, samples)
	for i, v := range x {
		if v != float32(i/size) {
			t.Fatalf("input %d of sample %d is of sample %v without a steady feature", i%size, i/size, v)
		}
	}
	s.problem.Steady = make([]bool, shape.Features)
	s.problem.Steady[steady] = true
	s.mislead(x, samples)
	changed := 0
	for i, v := range x {
		own := v == float32(i/size)
		if i%shape.Features != steady && !own {
			t.Fatalf("feature %d of sample %d is of sample %v", i%shape.Features, i/size, v)
		}
		if i%size == steady && !own {
			changed++
		}
	}
	if share := float64(changed) / samples; math.Abs(share-misled) > 0.05 {
		t.Errorf("%v of the samples are misled, want %v", share, misled)
	}
}

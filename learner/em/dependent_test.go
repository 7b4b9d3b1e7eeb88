package em

import (
	"math/rand/v2"
	"testing"
)

// filled returns what the last steps of services show, [row][service], as the second of
// two features.
func filled(rows [][]float64) *past {
	n := len(rows[0])
	p := newPast(n, 1, 2, len(rows))
	for row, values := range rows {
		x := make([]float32, 2*n)
		for i, v := range values {
			x[2*i+1] = float32(v)
		}
		p.set(row, x)
	}
	for _, c := range p.columns {
		standardise(c)
	}
	return p
}

// Service 1 rises with 0, 2 with 1, and 3 by itself.
func TestLoadThatRisesTogetherIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	rows := make([][]float64, 400)
	for i := range rows {
		r := []float64{rng.NormFloat64(), 0, 0, rng.NormFloat64()}
		r[1] = r[0] + rng.NormFloat64()/2
		r[2] = r[1] + rng.NormFloat64()/2
		rows[i] = r
	}
	s := &session{services: 4, problem: Problem{Load: 1}}
	edges := make([]float32, 16)
	s.addDependent(edges, filled(rows))
	for i, v := range edges {
		want := float32(0)
		if i == 0*4+1 || i == 1*4+2 {
			want = faintest
		}
		if v != want {
			t.Errorf("the edge from %d to %d weighs %v, want %v", i/4, i%4, v, want)
		}
	}
	s.problem.Load = 0
	if s.addDependent(edges, filled(rows)); edges[3] != 0 {
		t.Error("a feature that is always 0 shows a pair")
	}
}

// Services whose load lasts for ten steps are alike for long, by chance.
func TestLoadThatLastsIsUnrelated(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	found := 0
	for range 10 {
		rows, at := make([][]float64, 400), make([]float64, 6)
		for i := range rows {
			for k := range at {
				at[k] = 0.9*at[k] + rng.NormFloat64()
			}
			rows[i] = append([]float64(nil), at...)
		}
		s := &session{services: 6, problem: Problem{Load: 1}}
		edges := make([]float32, 36)
		s.addDependent(edges, filled(rows))
		for _, v := range edges {
			if v > 0 {
				found++
			}
		}
	}
	if found > 5 {
		t.Errorf("%d of 150 pairs are related", found)
	}
}

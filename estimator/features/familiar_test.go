package features

import "testing"

func TestOutputsAreKeptWhereInputsAreFamiliar(t *testing.T) {
	for name, tt := range map[string]struct {
		anchored bool
		beyond   int // of 100 inputs without the season
		want     float32
	}{
		"in the range of training": {true, 2, 1},
		"at its edge":              {true, 10, 1},
		"half outside":             {true, 20, 0.5},
		"far outside":              {true, 50, 0},
		"without an anchor":        {false, 50, 1},
	} {
		p := &Pipeline{features: 2, seasonal: []bool{false, true}, seen: seen{value: -1}}
		if tt.anchored {
			p.seen.value = 0
		}
		x := make([]float32, 2*100)
		for i := range 100 {
			x[2*i+1] = 5 // what a season expects does not count
		}
		for i := range tt.beyond {
			x[2*i] = float32(4 - 8*(i%2))
		}
		if got := p.Familiar(x); got < tt.want-1e-6 || got > tt.want+1e-6 {
			t.Errorf("%s: keeps %v of the outputs, want %v", name, got, tt.want)
		}
	}
}

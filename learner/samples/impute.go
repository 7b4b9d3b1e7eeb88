package samples

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// inputs are the scaled features of every step with the gaps filled.
type inputs struct {
	// values are [steps][service][feature].
	values []float32
	// age is, for every value, how many steps ago it was observed: 0 when it
	// was observed at that step, never when it was not or not recently enough.
	// It is nil when nothing is missing.
	age []uint16
}

const never = math.MaxUint16

// fill scales the series and carries the last observed value forward over gaps
// of at most carry steps; what is left becomes 0, the mean of the training
// part.
func fill(s *estimator.Window, scaler *Scaler, carry int) inputs {
	width := len(s.Services) * len(s.Features)
	in := inputs{values: make([]float32, len(s.Values))}
	for i, v := range s.Values {
		if !math.IsNaN(v) {
			c := i % len(s.Features)
			in.values[i] = float32(scaler.Apply(i/len(s.Features)%len(s.Services), c, v))
			if in.age != nil {
				in.age[i] = 0
			}
			continue
		}
		if in.age == nil {
			in.age = make([]uint16, len(s.Values))
		}
		in.age[i] = never
		if before := i - width; before >= 0 && int(in.age[before]) < min(carry, never-1) {
			in.age[i] = in.age[before] + 1
			in.values[i] = in.values[before]
		}
	}
	return in
}

// window copies the steps from first into x. Whoever serves the model sees one
// window and no more, so nothing is carried into it from before.
func (in *inputs) window(x []float32, first, width int) {
	from := first * width
	copy(x, in.values[from:from+len(x)])
	if in.age == nil {
		return
	}
	for t := 0; t*width < len(x); t++ {
		for i, age := range in.age[from+t*width : from+(t+1)*width] {
			if int(age) > t {
				x[t*width+i] = 0
			}
		}
	}
}

// mask tells what of the window was observed (1) and what was filled in (0).
func (in *inputs) mask(m []float32, first, width int) {
	for i := range m {
		m[i] = 1
	}
	if in.age == nil {
		return
	}
	for i, age := range in.age[first*width : first*width+len(m)] {
		if age > 0 {
			m[i] = 0
		}
	}
}

package kernel

import "math/rand/v2"

// random draws operands, the same ones in every run.
type random struct{ *rand.Rand }

func newRandom() random { return random{rand.New(rand.NewPCG(1, 2))} }

// slice returns n numbers of either sign.
func (r random) slice(n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

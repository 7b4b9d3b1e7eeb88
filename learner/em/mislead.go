package em

import "slices"

// misled is the share of samples whose steady features are those of another one.
const misled = 0.2

// mislead gives a share of the samples the steady features of another sample of the batch:
// what a season expects at another time. So the network learns to compare what was
// expected in the window with what came, and to do without a season that is wrong.
func (s *session) mislead(x []float32, samples int) {
	if !slices.Contains(s.problem.Steady, true) {
		return
	}
	c := s.model.Config()
	size := c.Window * c.Services * c.Features
	for i := range samples {
		if s.rng.Float64() >= misled {
			continue
		}
		other := s.rng.IntN(samples)
		for k := range size {
			if s.problem.Steady[k%c.Features] {
				x[i*size+k] = x[other*size+k]
			}
		}
	}
}

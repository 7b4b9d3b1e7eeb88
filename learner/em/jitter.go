package em

// jitter shifts every feature of every service of a sample by an amount of its own,
// the same at all steps: drawn from a normal distribution of that many standard
// deviations, anew whenever the sample is seen. A label that is a change stays
// right under such a shift, and the network learns shapes instead of the levels at
// which they occurred.
func (s *session) jitter(x []float32, samples int) {
	if s.config.Jitter == 0 {
		return
	}
	c := s.model.Config()
	column := c.Services * c.Features
	for b := range samples {
		sample := x[b*c.Window*column : (b+1)*c.Window*column]
		for i := range column {
			if steady := s.problem.Steady; steady != nil && steady[i%c.Features] {
				continue
			}
			shift := float32(s.config.Jitter * s.rng.NormFloat64())
			for t := range c.Window {
				sample[t*column+i] += shift
			}
		}
	}
}

package features

// Outputs are kept as they are while at most familiar of all inputs of a window lie beyond
// usual standard deviations from their means, and not at all from strange on. In days
// like those of the training part, a fiftieth does.
const (
	usual    = 3
	familiar = 0.1
	strange  = 0.3
)

// Familiar returns the share of the outputs to keep for a window of inputs, from 1 in
// the range of the training part to 0 far outside, where a network extrapolates at random
// and the anchor is better. Outputs that are measured from a mean are kept.
func (p *Pipeline) Familiar(x []float32) float32 {
	if p.seen.value < 0 {
		return 1
	}
	beyond := 0
	for _, v := range x {
		if v >= usual || v <= -usual {
			beyond++
		}
	}
	share := float32(beyond) / float32(len(x))
	return min(1, max(0, (strange-share)/(strange-familiar)))
}

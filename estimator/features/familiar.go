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
// and the anchor is better. Outputs that are measured from a mean are kept. What a season
// expects does not count: its gate judges it.
func (p *Pipeline) Familiar(x []float32) float32 {
	if p.seen.value < 0 {
		return 1
	}
	beyond, inputs := 0, 0
	for i, v := range x {
		if p.seasonal[i%p.features] {
			continue
		}
		inputs++
		if v >= usual || v <= -usual {
			beyond++
		}
	}
	share := float32(beyond) / float32(inputs)
	return min(1, max(0, (strange-share)/(strange-familiar)))
}

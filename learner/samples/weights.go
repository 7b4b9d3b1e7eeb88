package samples

// Weights returns a factor per service, 1 on average, in proportion to the standard
// deviation of its labels: with it, a loss of scaled labels counts errors in the
// unit of the target for every service.
func (d *Set) Weights() []float32 {
	mean := 0.0
	for _, std := range d.labelScaler.Std {
		mean += std / float64(len(d.labelScaler.Std))
	}
	weights := make([]float32, len(d.labelScaler.Std))
	for n, std := range d.labelScaler.Std {
		weights[n] = float32(std / mean)
	}
	return weights
}

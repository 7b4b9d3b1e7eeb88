package learner

// Samples are the pairs of window and labels of one part of a history.
type Samples interface {
	// Len returns the number of samples.
	Len() int
	// Fill writes the windows of the samples at the given indices, τ·N·C numbers
	// each, to x, and their labels, N·O numbers each, to y: NaN where a label is
	// not known.
	Fill(indices []int, x, y []float32)
}

// loader fills batches from samples in a given order.
type loader struct {
	samples Samples
	batch   int
	in, out int
}

// fill writes the batch that starts at position at of order; a short one is
// filled up with unknown labels. It returns the number of samples.
func (l *loader) fill(order []int, at int, x, y []float32) int {
	indices := order[at:min(at+l.batch, len(order))]
	l.samples.Fill(indices, x, y)
	for i := len(indices) * l.out; i < l.batch*l.out; i++ {
		y[i] = unknown
	}
	return len(indices)
}

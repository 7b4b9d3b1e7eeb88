package em

import "context"

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
	out     int // labels of a sample
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

// pass goes through the samples in the given order, fills x and y with one batch
// after the other, and returns the mean of what step says of each, by samples.
// step hears where the batch starts and how many samples it has.
func (l *loader) pass(ctx context.Context, order []int, x, y []float32, step func(at, samples int) (float64, error)) (mean float64, err error) {
	for at := 0; at < len(order); at += l.batch {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		samples := l.fill(order, at, x, y)
		loss, err := step(at, samples)
		if err != nil {
			return 0, err
		}
		mean += loss * float64(samples) / float64(len(order))
	}
	return mean, nil
}

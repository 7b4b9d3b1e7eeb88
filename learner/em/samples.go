package em

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// Samples are the pairs of window and labels of one part of a history.
type Samples interface {
	// Len returns the number of samples.
	Len() int
	// Fill writes the windows of the samples at the given indices, τ·N·C numbers
	// each, to x, and their labels, N·O numbers each, to y: NaN where a label is
	// not known.
	Fill(indices []int, x, y []float32)
	// Kept writes the share of the outputs to keep for each of N services in a sample.
	Kept(index int, shares []float64)
	// Censored marks the labels of the samples, N·O each, that are lower bounds.
	Censored(indices []int, mask []bool)
}

// requireLabel returns an error if the samples have no label.
func requireLabel(name string, s Samples, in, out int) error {
	x, y := make([]float32, in), make([]float32, out)
	for i := range s.Len() {
		if s.Fill([]int{i}, x, y); known(y) > 0 {
			return nil
		}
	}
	return fmt.Errorf("none of the %d %s samples has a label, want a history with fewer gaps", s.Len(), name)
}

func known(labels []float32) (count int) {
	for _, v := range labels {
		if v == v {
			count++
		}
	}
	return count
}

// loader fills batches from samples in a given order.
type loader struct {
	samples Samples
	batch   int
	out     int // labels of a sample
	passed  func(part float64)
}

// batch is one batch of a pass.
type batch struct {
	at      int // position of its first sample in the order
	samples int
	labels  int // known ones
}

// fill writes the batch that starts at position at of order, and pads a short
// one with unknown labels.
func (l *loader) fill(order []int, at int, to autodiff.Batch) batch {
	indices := order[at:min(at+l.batch, len(order))]
	labels := len(indices) * l.out
	l.samples.Fill(indices, to.X, to.Y)
	l.samples.Censored(indices, to.Censored[:labels])
	for i := labels; i < l.batch*l.out; i++ {
		to.Y[i] = unknown
	}
	return batch{at: at, samples: len(indices), labels: known(to.Y)}
}

// pass goes through the samples in the given order, fills to with one batch after the
// other, and returns the mean of the losses that step returns, by known labels. A
// batch without known labels, from a gap in the history, is skipped. passed, unless
// nil, is called before every batch with the part of the pass that is done.
func (l *loader) pass(ctx context.Context, order []int, to autodiff.Batch, step func(b batch) (float64, error)) (mean float64, err error) {
	labels := 0
	for at := 0; at < len(order); at += l.batch {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if l.passed != nil {
			l.passed(float64(at) / float64(len(order)))
		}
		b := l.fill(order, at, to)
		if b.labels == 0 {
			continue
		}
		loss, err := step(b)
		if err != nil {
			return 0, err
		}
		labels += b.labels
		mean += (loss - mean) * float64(b.labels) / float64(labels)
	}
	return mean, nil
}

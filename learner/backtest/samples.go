package backtest

import "github.com/deepscaler/deepscaler/learner/dataset"

// Samples are one part of a dataset as [em.Samples].
type Samples struct {
	Dataset *dataset.Dataset
	Part    dataset.Part
}

// Len implements [em.Samples].
func (s Samples) Len() int { return s.Dataset.Samples(s.Part) }

// Fill implements [em.Samples]. x and y may be longer than the samples.
func (s Samples) Fill(indices []int, x, y []float32) {
	s.Dataset.Batch(s.Part, indices, x[:len(indices)*s.Dataset.InputLen()], y[:len(indices)*s.Dataset.LabelLen()])
}

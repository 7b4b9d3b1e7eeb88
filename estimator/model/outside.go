package model

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Outside returns how far the last step of a window is out of the range of the training
// part, for each service of the window: the largest distance of one of its samples, in widths of
// its range; 0 inside, and NaN for a service that the model does not know or has no
// range of. What the network adds fades with it, see [features.Pipeline.Kept].
//
// The error is that of a window with the services of the model twice.
func (e *Estimator) Outside(w *estimator.Window) ([]float64, error) {
	out := make([]float64, len(w.Services))
	for n := range out {
		out[n] = math.NaN()
	}
	rows := make([]int, len(e.predictor.services))
	if _, err := e.directory.locate(w, rows); err != nil {
		return nil, fmt.Errorf("compare the window with the range of training: %w", err)
	}
	step := make([]float64, len(e.predictor.features))
	for row, n := range rows {
		if n == absent {
			continue
		}
		for c, feature := range e.predictor.features {
			step[c] = math.NaN()
			if channel := w.Channel(estimator.Feature(feature)); channel >= 0 {
				step[c] = w.At(n, w.Steps-1, channel)
			}
		}
		out[n] = e.predictor.pipeline.Beyond(row, step)
	}
	return out, nil
}

package record

import (
	"bytes"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/dataset"
)

// encode returns the header and the rows of w as dataset.WriteSeries has them.
func encode(w *estimator.Window) (head, rows []byte, err error) {
	bare := *w
	bare.Services = make([]estimator.Service, len(w.Services))
	for n, service := range w.Services {
		bare.Services[n].Name = service.Name
	}
	var out bytes.Buffer
	if err := dataset.WriteSeries(&out, &bare); err != nil {
		return nil, nil, err
	}
	end := bytes.IndexByte(out.Bytes(), '\n') + 1
	return out.Bytes()[:end], out.Bytes()[end:], nil
}

// present counts the samples of every service and feature.
func present(w *estimator.Window) []int {
	out := make([]int, len(w.Services)*len(w.Features))
	for n := range w.Services {
		for t := range w.Steps {
			for c := range w.Features {
				if !math.IsNaN(w.At(n, t, c)) {
					out[n*len(w.Features)+c]++
				}
			}
		}
	}
	return out
}

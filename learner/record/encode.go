package record

import (
	"bytes"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/dataset"
)

// encode returns the header and the rows of w as dataset.WriteSeries has them.
func encode(w *estimator.Window) (head, rows []byte, err error) {
	s := &dataset.Series{Start: w.Time(0), Step: w.Step, Values: make([]float64, 0, len(w.Values))}
	for _, service := range w.Services {
		s.Services = append(s.Services, service.Name)
	}
	for _, f := range w.Features {
		s.Features = append(s.Features, string(f))
	}
	for t := range w.Steps {
		for n := range w.Services {
			for c := range w.Features {
				s.Values = append(s.Values, w.At(n, t, c))
			}
		}
	}
	var out bytes.Buffer
	if err := dataset.WriteSeries(&out, s); err != nil {
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

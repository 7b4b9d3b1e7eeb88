package em

import (
	"context"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

var unknown = float32(math.NaN())

// Predict runs the model over all samples under one affinity matrix, N×N.
//
// For every sample it calls each with the index, the outputs and labels, N·O numbers
// each, and a mask of the labels that are lower bounds. There are as many parts as
// workers; one goroutine per part calls each in the order of the samples. The slices are
// valid during the call.
func Predict(ctx context.Context, m gnn.Model[float32], affinity []float32, s Samples, workers int, each func(part, index int, y, labels []float32, censored []bool)) error {
	c := m.Config()
	basis := make([]float32, m.BasisSize())
	m.Basis(basis, affinity)
	g, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		g.Go(func() error {
			pass := m.Inference()
			x := make([]float32, c.Window*c.Services*c.Features)
			labels, y := make([]float32, c.Services*c.Outputs), make([]float32, c.Services*c.Outputs)
			censored := make([]bool, len(labels))
			index := []int{0}
			for i := w * s.Len() / workers; i < (w+1)*s.Len()/workers; i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				index[0] = i
				s.Fill(index, x, labels)
				s.Censored(index, censored)
				pass.Forward(x, basis, y)
				each(w, i, y, labels, censored)
			}
			return nil
		})
	}
	return g.Wait()
}

// validate returns the mean loss over all known labels.
func validate(ctx context.Context, m gnn.Model[float32], affinity []float32, s Samples, c Config, weights []float32) (float64, error) {
	losses, counts := make([]float64, c.Workers), make([]int, c.Workers)
	scratch := make([][]float32, c.Workers)
	size := m.Config().Services * m.Config().Outputs
	for i := range scratch {
		scratch[i] = make([]float32, size)
	}
	err := Predict(ctx, m, affinity, s, c.Workers, func(part, _ int, y, labels []float32, censored []bool) {
		losses[part] += gnn.Pinball(y, labels, censored, scratch[part], weights, c.quantiles(), 1)
		counts[part] += known(labels)
	})
	if err != nil {
		return 0, err
	}
	sum, count := 0.0, 0
	for i := range losses {
		sum += losses[i]
		count += counts[i]
	}
	if count == 0 {
		return 0, fmt.Errorf("none of the %d samples has a label", s.Len())
	}
	if loss := sum / float64(count); !math.IsNaN(loss) && !math.IsInf(loss, 0) {
		return loss, nil
	}
	return 0, fmt.Errorf("the validation loss is %v", sum)
}

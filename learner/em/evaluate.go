package em

import (
	"context"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

var unknown = float32(math.NaN())

// Parts is the number of parts that [Predict] runs over.
const Parts = 8

// Predict runs the model over all samples under one affinity matrix, N×N.
//
// For every sample it calls each with the index, the outputs and labels, N·O numbers
// each, and a mask of the labels that are lower bounds. There are [Parts] parts, whatever
// the number of workers; each is called in the order of the samples of a part. The slices
// are valid during the call.
func Predict(ctx context.Context, m gnn.Model[float32], affinity []float32, s Samples, workers int, each func(part, index int, y, labels []float32, censored []bool)) error {
	c := m.Config()
	basis := make([]float32, m.BasisSize())
	m.Basis(basis, affinity)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for part := range Parts {
		g.Go(func() error {
			pass := m.Inference()
			x := make([]float32, c.Window*c.Services*c.Features)
			labels, y := make([]float32, c.Services*c.Outputs), make([]float32, c.Services*c.Outputs)
			censored, kept := make([]bool, len(labels)), make([]float64, c.Services)
			index := []int{0}
			for i := part * s.Len() / Parts; i < (part+1)*s.Len()/Parts; i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				index[0] = i
				s.Fill(index, x, labels)
				s.Censored(index, censored)
				pass.Forward(x, basis, y)
				s.Kept(i, kept)
				for k := range y {
					y[k] *= float32(kept[k/c.Outputs])
				}
				each(part, i, y, labels, censored)
			}
			return nil
		})
	}
	return g.Wait()
}

// losses are the sums of the losses of a pair over the known validation labels, by
// stretch.
type losses struct {
	sums  [stretches]float64
	count int
}

func (l *losses) mean() float64 {
	sum := 0.0
	for _, v := range l.sums {
		sum += v
	}
	return sum / float64(l.count)
}

// sure is Student's t for 95 % and stretches−1 degrees of freedom.
const sure = 2.262

// large is the share of the losses that is too large a gain for chance, even without the
// stretch that gains most. Where few stretches have most of the losses, such as those in which
// the load jumps, gains differ too much for a small error of their mean.
const large = 0.1

// beat reports whether the losses are lower than others in both halves, and for sure or by
// a large share.
func (l *losses) beat(others losses) bool {
	var half [2]float64
	gain, most, rest := 0.0, 0, 0.0
	for i, v := range l.sums {
		d := others.sums[i] - v
		half[2*i/stretches] += d
		gain += d
		rest += others.sums[i]
		if d > others.sums[most]-l.sums[most] {
			most = i
		}
	}
	if min(half[0], half[1]) <= 0 {
		return false
	}
	gain, rest = gain-others.sums[most]+l.sums[most], rest-others.sums[most]
	return Exceed(others.sums[:], l.sums[:], sure) || gain > large*rest
}

// Exceed reports whether losses are higher than others by more than so many standard
// errors of the difference, of which each stretch of time is a sample.
func Exceed(losses, others []float64, errors float64) bool {
	sum, squares, n := 0.0, 0.0, float64(len(losses))
	for i, v := range losses {
		d := v - others[i]
		sum += d
		squares += d * d
	}
	variance := max(0, squares-sum*sum/n) / (n - 1)
	return sum > errors*math.Sqrt(n*variance)
}

// judge returns the losses of the present model under an affinity matrix.
func (s *session) judge(ctx context.Context, affinity []float32) (losses, error) {
	return lossesOf(ctx, s.model, affinity, s.problem.Validation, s.config, s.problem.Weights)
}

// validate returns their mean over all known labels.
func (s *session) validate(ctx context.Context, affinity []float32) (float64, error) {
	l, err := s.judge(ctx, affinity)
	if err != nil {
		return 0, err
	}
	return l.mean(), nil
}

// lossesOf returns the losses over all known labels.
func lossesOf(ctx context.Context, m gnn.Model[float32], affinity []float32, s Samples, c Config, weights []float32) (losses, error) {
	var parts [Parts]losses
	var scratch [Parts][]float32
	size := m.Config().Services * m.Config().Outputs
	for i := range scratch {
		scratch[i] = make([]float32, size)
	}
	err := Predict(ctx, m, affinity, s, c.Workers, func(part, index int, y, labels []float32, censored []bool) {
		p := &parts[part]
		p.sums[index*stretches/s.Len()] += gnn.Pinball(y, labels, censored, scratch[part], weights, c.quantiles(), 1)
		p.count += known(labels)
	})
	if err != nil {
		return losses{}, err
	}
	var all losses
	for _, p := range &parts {
		for i, v := range p.sums {
			all.sums[i] += v
		}
		all.count += p.count
	}
	if all.count == 0 {
		return losses{}, fmt.Errorf("none of the %d samples has a label", s.Len())
	}
	if loss := all.mean(); math.IsNaN(loss) || math.IsInf(loss, 0) {
		return losses{}, fmt.Errorf("the validation loss is %v", loss)
	}
	return all, nil
}

package em

import (
	"context"
	"math"

	"golang.org/x/sync/errgroup"
)

// What candidates are found in; see docs/learning/background.md.
const (
	mostRows = 2048 // training samples, evenly spaced
	lags     = 6    // last steps of a window, each a column
	faintest = 0.1  // the smallest weight
)

// candidates returns edges that A_old lacks, N×N: from services whose past tells of the
// labels of another service what its own past and its sources in A_old do not. The
// square of a weight is the share of the labels' variance that only this edge explains.
//
// The score has no sign and needs no network: it is what a linear filter of the edge's own
// would gain. The slope ∂L/∂A cannot tell as much while A is the identity: then filters
// for neighbours are copies of the one for the service itself, and say what its own past
// means. Since a source has to tell of later labels, direction follows time.
func (s *session) candidates(ctx context.Context) ([]float32, error) {
	past, labels := s.look()
	n := s.services
	edges := make([]float32, n*n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.config.Workers)
	for service := range n {
		g.Go(func() error {
			known := func(source int) bool { return source == service || s.affinity[source*n+service] > 0 }
			for source, weight := range past.sources(known, labels[service]) {
				if weight > faintest {
					edges[source*n+service] = float32(weight)
				}
			}
			return ctx.Err()
		})
	}
	return edges, g.Wait()
}

// look returns the pasts of all services in the training samples and their labels at the
// nearest horizon, [service][row], standardised and 0 where a label is not known.
//
// Further ahead, a source of a source would tell more than the source itself, whose
// own future it knows.
func (s *session) look() (*past, [][]float64) {
	c, all := s.model.Config(), s.problem.Training
	rows := min(mostRows, all.Len())
	p := newPast(c.Services, c.Window, c.Features, rows)
	labels := make([][]float64, c.Services)
	for n := range labels {
		labels[n] = make([]float64, rows)
	}
	x, y := make([]float32, c.Window*c.Services*c.Features), make([]float32, c.Services*c.Outputs)
	for row := range rows {
		all.Fill([]int{row * all.Len() / rows}, x, y)
		p.set(row, x)
		for n := range labels {
			labels[n][row] = float64(y[n*c.Outputs])
		}
	}
	for _, column := range p.columns {
		standardise(column)
	}
	for _, l := range labels {
		standardise(l)
	}
	return p, labels
}

// past is what the windows of the samples show of each service: columns of a linear
// regression, each with one number per sample.
type past struct {
	services, window, features int
	each                       int         // columns of a service
	columns                    [][]float32 // [service·each][row]
}

func newPast(services, window, features, rows int) *past {
	p := &past{services: services, window: window, features: features, each: features * (min(lags, window) + 1)}
	p.columns = make([][]float32, services*p.each)
	for i := range p.columns {
		p.columns[i] = make([]float32, rows)
	}
	return p
}

// set writes a row from a window [τ,N,C]: every feature at each of the last steps, and its mean.
func (p *past) set(row int, x []float32) {
	steps := min(lags, p.window)
	for series := range p.services * p.features {
		columns := p.columns[series*(steps+1):]
		mean := float32(0)
		for t := range p.window {
			v := x[t*p.services*p.features+series]
			mean += v / float32(p.window)
			if back := p.window - 1 - t; back < steps {
				columns[back][row] = v
			}
		}
		columns[steps][row] = mean
	}
}

// age is how long ago a column was seen, in steps; the mean is the oldest.
func (p *past) age(column int) int { return column % (min(lags, p.window) + 1) }

// outlier is how many standard deviations from the mean a number may be, so that no
// single sample decides.
const outlier = 6

// standardise makes the mean of the known numbers 0 and the sum of their squares 1,
// unless they are all the same; unknown ones become 0.
func standardise[T float32 | float64](v []T) {
	sum, count := 0.0, 0
	for _, x := range v {
		if x == x {
			sum += float64(x)
			count++
		}
	}
	mean, total := sum/float64(max(count, 1)), 0.0
	for i, x := range v {
		d := float64(x) - mean
		if x != x {
			d = 0
		}
		v[i] = T(d)
		total += d * d
	}
	deviation, clipped := math.Sqrt(total/float64(max(count, 1))), 0.0
	for i, x := range v {
		d := max(-outlier*deviation, min(outlier*deviation, float64(x)))
		v[i] = T(d)
		clipped += d * d
	}
	scale := 0.0
	if deviation > 1e-6*max(1, math.Abs(mean)) {
		scale = 1 / math.Sqrt(clipped)
	}
	for i := range v {
		v[i] *= T(scale)
	}
}

package em

import (
	"context"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"
)

// What candidates are found in; see docs/learning/background.md.
const (
	mostRows = 2048 // training samples, evenly spaced
	lags     = 6    // last steps of a window, each a column
	faintest = 0.1  // the smallest weight
)

// candidates returns edges that A_old lacks, N×N, and those of them that follow time.
//
// An edge goes from a service whose past tells of the labels of another service what its
// own past and its sources in A_old do not. The square of the weight is the share of the
// labels' variance that only this edge explains. The score has no sign and needs no
// network: it is what a linear filter of the edge's own would gain. The slope ∂L/∂A cannot
// tell as much while A is the identity: then filters for neighbours are copies of the one
// for the service itself, and say what its own past means. Since a source has to tell of
// later labels, direction follows time.
func (s *session) candidates(ctx context.Context, past *past, labels [][]float64) (all, timed []float32, err error) {
	n := s.services
	all = make([]float32, n*n)
	err = s.each(ctx, func(service int) {
		for source, weight := range past.sources(s.known(all, service), labels[service]) {
			if weight > faintest {
				all[source*n+service] = float32(weight)
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	timed = slices.Clone(all)
	return all, timed, s.addSimultaneous(ctx, all, past)
}

// known reports which sources of a service are known: itself, those in A_old and those
// that edges have.
func (s *session) known(edges []float32, service int) func(source int) bool {
	known := make([]bool, s.services)
	for source := range known {
		i := source*s.services + service
		known[source] = source == service || s.affinity[i] > 0 || edges[i] > 0
	}
	return func(source int) bool { return known[source] }
}

// addSimultaneous adds edges between services that change together. Where a step is
// longer than what happens in it, that is all that can be seen of a call.
//
// What their own past and that of their sources leave unexplained of a feature of two
// services is then correlated, given all others (Meinshausen and Bühlmann, 2006). Such a
// pair gets an edge each way, of half the weight, since neither is seen to come first.
func (s *session) addSimultaneous(ctx context.Context, edges []float32, p *past) error {
	n, earlier := s.services, p.earlier()
	pairs := make([]float32, n*n)
	for feature := range p.features {
		news := make([][]float32, n)
		err := s.each(ctx, func(service int) {
			news[service] = earlier.rest(p.last(service, feature), s.known(edges, service))
		})
		if err != nil {
			return err
		}
		err = s.each(ctx, func(service int) {
			others := &past{each: 1, columns: slices.Clone(news)}
			others.columns[service] = make([]float32, len(news[service]))
			for source, weight := range others.sources(func(source int) bool { return source == service }, widen(news[service])) {
				i := source*n + service
				pairs[i] = max(pairs[i], float32(weight/2))
			}
		})
		if err != nil {
			return err
		}
	}
	found := slices.Clone(edges)
	for i := range n {
		for j := range n {
			there, back := i*n+j, j*n+i
			if i == j || max(found[there], found[back], s.affinity[there], s.affinity[back]) > 0 {
				continue
			}
			if v := max(pairs[there], pairs[back]); v > faintest {
				edges[there] = v
			}
		}
	}
	return nil
}

// each calls do for every service, several at a time.
func (s *session) each(ctx context.Context, do func(service int)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.config.Workers)
	for service := range s.services {
		g.Go(func() error {
			do(service)
			return ctx.Err()
		})
	}
	return g.Wait()
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

// earlier returns the same without what shows the last step.
func (p *past) earlier() *past {
	out := *p
	out.columns = slices.Clone(p.columns)
	for k, c := range out.columns {
		if age := p.age(k); age == 0 || age == min(lags, p.window) {
			out.columns[k] = make([]float32, len(c))
		}
	}
	return &out
}

// last returns a feature of a service at the last step.
func (p *past) last(service, feature int) []float64 {
	return widen(p.columns[service*p.each+feature*(min(lags, p.window)+1)])
}

func widen(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// age is how long ago a column was seen, in steps; the mean is the oldest.
func (p *past) age(column int) int { return column % (min(lags, p.window) + 1) }

// outlier is how many standard deviations from the mean a number may be, so that no
// single sample decides.
const outlier = 6

// standardise makes the mean of the known numbers 0 and the sum of their squares 1,
// unless they are all the same; unknown ones become 0. It returns the number by which it
// divided, which is 0 if they are all the same.
func standardise[T float32 | float64](v []T) float64 {
	sum, count := 0.0, 0
	for _, x := range v {
		if !math.IsNaN(float64(x)) {
			sum += float64(x)
			count++
		}
	}
	mean, total := sum/float64(max(count, 1)), 0.0
	for i, x := range v {
		d := float64(x) - mean
		if math.IsNaN(float64(x)) {
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
	norm, scale := 0.0, 0.0
	if deviation > 1e-6*max(1, math.Abs(mean)) {
		norm = math.Sqrt(clipped)
		scale = 1 / norm
	}
	for i := range v {
		v[i] *= T(scale)
	}
	return norm
}

package need

import (
	"context"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Measured is how long requests stay in each service of an application, by load and
// utilisation, as found on the testbed with constant loads.
type Measured struct {
	application *app.Application
	low, high   float64
	levels      []level
	// offset is what a response takes more than the sum over its calls, in seconds:
	// negative where calls are made in parallel.
	offset float64
}

// level is what was measured at one load.
type level struct {
	busy   []float64 // replicas' worth of work, by service
	points [][]point // by service, replicas falling
}

// point is one measurement of a service.
type point struct {
	replicas float64
	own      float64 // seconds in the service without its callees
}

// Times of a measurement in seconds, and the utilisations of the replicas' free CPU
// at which services are measured.
const (
	settled = 15
	end     = 75
	seed    = 0x6e656564
)

func utilisations() []float64 { return []float64{0.4, 0.55, 0.65, 0.75, 0.84, 0.92} }

// Measure runs the application at loads from low to high, in requests per second of
// users. Measurements run in parallel.
func Measure(ctx context.Context, a *app.Application, weights []float64, low, high float64) (*Measured, error) {
	if !(low > 0 && high >= low) {
		return nil, fmt.Errorf("measure from %v to %v requests/s, want a range above 0", low, high)
	}
	work, err := Expect(a, weights)
	if err != nil {
		return nil, err
	}
	rates := []float64{low}
	for rates[len(rates)-1] < high/1.0001 {
		rates = append(rates, min(high, rates[len(rates)-1]*1.8))
	}
	m := &Measured{application: a, low: low, high: high, levels: make([]level, len(rates))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel())
	found := make([][]point, len(rates)*len(utilisations()))
	responses := make([]float64, len(found))
	for k, rps := range rates {
		m.levels[k].busy = scale(work.Busy, rps)
		for j, u := range utilisations() {
			g.Go(func() (err error) {
				found[k*len(utilisations())+j], responses[k*len(utilisations())+j], err = constant(ctx, a, weights, work, rps, u)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for k := range m.levels {
		l := &m.levels[k]
		l.points = make([][]point, len(a.Services))
		for i := range a.Services {
			for j := range utilisations() {
				p := found[k*len(utilisations())+j][i]
				if last := len(l.points[i]) - 1; last >= 0 && l.points[i][last].replicas == p.replicas {
					continue
				}
				l.points[i] = append(l.points[i], p)
			}
			monotone(l.points[i])
		}
	}
	// With replicas in plenty at the highest load, where there are most requests.
	at := (len(rates) - 1) * len(utilisations())
	m.offset = responses[at]
	for i, p := range found[at] {
		m.offset -= work.Visits[i] * p.own
	}
	return m, nil
}

// Range returns the loads between which the application was measured, in requests per
// second of users.
func (m *Measured) Range() (low, high float64) { return m.low, m.high }

// monotone removes noise: fewer replicas are never faster.
func monotone(points []point) {
	for i := 1; i < len(points); i++ {
		points[i].own = max(points[i].own, points[i-1].own)
	}
}

// constant measures every service while its replicas' free CPU is used to a share of at
// most u.
func constant(ctx context.Context, a *app.Application, weights []float64, w Work, rps, u float64) ([]point, float64, error) {
	replicas := make([]float64, len(a.Services))
	for i := range replicas {
		replicas[i] = max(1, math.Ceil(rps*w.Busy[i]/u))
	}
	return measure(ctx, a, weights, rps, replicas)
}

// measure measures every service with given replicas, and the mean response of users.
func measure(ctx context.Context, a *app.Application, weights []float64, rps float64, replicas []float64) ([]point, float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	e, err := simulation.New(a, seed)
	if err != nil {
		return nil, 0, err
	}
	points := make([]point, len(a.Services))
	for i := range a.Services {
		points[i].replicas = replicas[i]
		names := make([]string, int(replicas[i]))
		for j := range names {
			names[j] = fmt.Sprintf("%s-%d", a.Services[i].Name, j)
		}
		e.SetPods(i, names)
	}
	users, err := load.NewOpen(a, weights, load.Profile{rps}, seed, 0)
	if err != nil {
		return nil, 0, err
	}
	e.SetLoad(users)
	e.Run(settled)
	e.TakeResponses()
	before := make([]simulation.Totals, len(points))
	calls := make([][]uint64, len(points))
	for i := range before {
		before[i] = e.Totals(i)
		calls[i] = append([]uint64(nil), e.Calls(i)...)
	}
	e.Run(end)
	latency, requests := make([]float64, len(points)), make([]float64, len(points))
	for i := range points {
		now := e.Totals(i)
		requests[i] = float64(now.Requests - before[i].Requests)
		if requests[i] > 0 {
			latency[i] = (now.Seconds - before[i].Seconds) / requests[i]
		}
	}
	for i := range points {
		own := latency[i]
		for j, n := range e.Calls(i) {
			if requests[i] > 0 {
				own -= float64(n-calls[i][j]) / requests[i] * latency[j]
			}
		}
		points[i].own = own
	}
	return points, e.TakeResponses().Mean(), nil
}

// own returns the seconds that requests stay in a service itself, given its work and its
// replicas, both in replicas; +Inf when these are not enough.
func (m *Measured) own(service int, busy, replicas float64) float64 {
	if busy <= 0 {
		return 0
	}
	if busy/replicas >= 0.98 {
		return math.Inf(1)
	}
	k := 0
	for k < len(m.levels)-1 && m.levels[k+1].busy[service] <= busy {
		k++
	}
	here := m.levels[k].own(service, busy, replicas)
	if k == len(m.levels)-1 || busy <= m.levels[k].busy[service] {
		return here
	}
	low, high := m.levels[k].busy[service], m.levels[k+1].busy[service]
	share := (busy - low) / (high - low)
	return here + share*(m.levels[k+1].own(service, busy, replicas)-here)
}

// own interpolates at the same utilisation, linearly in ρ/(1−ρ) as under processor
// sharing.
func (l *level) own(service int, busy, replicas float64) float64 {
	stretch := func(u float64) float64 { return u / (1 - u) }
	u := busy / replicas
	points := l.points[service]
	at := func(p point) float64 { return stretch(min(0.99, l.busy[service]/p.replicas)) }
	x := stretch(u)
	if x <= at(points[0]) || len(points) == 1 {
		if x <= at(points[0]) {
			return points[0].own
		}
		// One replica carries it all; the rest is what processor sharing makes of it.
		return points[0].own * (1 + x) / (1 + at(points[0]))
	}
	i := 1
	for i < len(points)-1 && at(points[i]) < x {
		i++
	}
	a, b := points[i-1], points[i]
	slope := (b.own - a.own) / (at(b) - at(a))
	return a.own + slope*(x-at(a))
}

package load

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Open is an open-loop load: visits begin as a Poisson process whose rate follows
// a profile, whatever becomes of them.
type Open struct {
	profile Profile
	perRPS  float64 // visits for each request per second of the profile
	weights []float64
	total   float64
	round   float64
	random  *rand.Rand
	next    simulation.Visit
	some    bool
}

var _ simulation.Load = (*Open)(nil)

// NewOpen returns a load with as many requests per second as the profile says.
// A visit is several requests where a journey has several steps, so it begins
// correspondingly fewer visits. Journeys are taken by weight. The first visit is
// after start, in seconds.
func NewOpen(a *app.Application, weights []float64, p Profile, seed uint64, start float64) (*Open, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	visits, err := a.Visits(weights)
	if err != nil {
		return nil, err
	}
	o := &Open{profile: p, perRPS: 1 / visits.Requests, weights: weights, random: rand.New(rand.NewPCG(seed, openStream))}
	for _, w := range weights {
		o.total += w
	}
	if !(o.total > 0) || math.IsInf(o.total, 0) {
		return nil, fmt.Errorf("the weights of the journeys sum to %v, want a positive number", o.total)
	}
	o.round = p.Mean() * o.perRPS * float64(len(p))
	o.draw(start)
	return o, nil
}

// Next implements [simulation.Load].
func (o *Open) Next() (simulation.Visit, bool) { return o.next, o.some }

// Take implements [simulation.Load].
func (o *Open) Take() { o.draw(o.next.At) }

// Done implements [simulation.Load]; nobody waits.
func (o *Open) Done(float64, simulation.Visit) bool { return false }

// draw finds the next arrival after t: the time at which the rate, integrated from
// t on, reaches an exponential variate.
func (o *Open) draw(t float64) {
	left := o.random.ExpFloat64()
	journey := choose(o.random, o.weights, o.total)
	if o.some = o.round > 0; !o.some {
		return
	}
	// Whole rounds of the profile all have the same integral.
	rounds := math.Floor(left / o.round)
	left -= rounds * o.round
	t += rounds * float64(len(o.profile))
	for {
		rate := o.profile.At(t) * o.perRPS
		end := math.Floor(t) + 1
		area := rate * (end - t)
		if area > left {
			o.next = simulation.Visit{At: t + left/rate, Journey: journey}
			return
		}
		left -= area
		t = end
	}
}

func choose(random *rand.Rand, weights []float64, total float64) int {
	v := random.Float64() * total
	last := 0
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		if v < w {
			return i
		}
		v -= w
		last = i
	}
	return last
}

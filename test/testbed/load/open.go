package load

import (
	"math"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Open is an open-loop load: visits begin as a Poisson process whose rate follows
// a profile, independent of the answers.
type Open struct {
	profile Profile
	mixes   phases
	perRPS  []float64 // by mix: visits for each request per second of the profile
	round   float64   // visits expected in a whole round of the profile under the last mix
	random  *rand.Rand
	next    simulation.Visit
	some    bool
}

var _ simulation.Load = (*Open)(nil)

// NewOpen returns a load with the requests per second of the profile. A journey
// with several steps makes several requests per visit, so there are correspondingly
// fewer visits. Journeys are chosen by weight, which may change. The first visit is
// after start, in seconds.
func NewOpen(a *app.Application, weights []float64, p Profile, seed uint64, start float64, changes ...Change) (*Open, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	mixes, err := newPhases(weights, changes)
	if err != nil {
		return nil, err
	}
	o := &Open{profile: p, mixes: mixes, random: rand.New(rand.NewPCG(seed, openStream))}
	for i := range mixes {
		visits, err := a.Visits(mixes[i].weights)
		if err != nil {
			return nil, err
		}
		o.perRPS = append(o.perRPS, 1/visits.Requests)
	}
	mean := p.Mean()
	o.some = mean > 0
	o.round = mean * o.perRPS[len(mixes)-1] * float64(len(p))
	o.draw(start)
	return o, nil
}

// Next implements [simulation.Load].
func (o *Open) Next() (simulation.Visit, bool) { return o.next, o.some }

// Take implements [simulation.Load].
func (o *Open) Take() { o.draw(o.next.At) }

// Done implements [simulation.Load]; open loads do not wait.
func (o *Open) Done(float64, simulation.Visit) bool { return false }

// draw finds the next arrival after t: the time at which the rate, integrated from
// t on, reaches an exponential variate.
func (o *Open) draw(t float64) {
	left, which := o.random.ExpFloat64(), o.random.Float64()
	if !o.some {
		return
	}
	if o.mixes.at(t) == len(o.mixes)-1 {
		// Whole rounds of the profile all have the same integral.
		rounds := math.Floor(left / o.round)
		left -= rounds * o.round
		t += rounds * float64(len(o.profile))
	}
	for {
		// Profile and weights hold for whole seconds.
		mix := o.mixes.at(math.Floor(t))
		rate := o.profile.At(t) * o.perRPS[mix]
		end := math.Floor(t) + 1
		area := rate * (end - t)
		if area > left {
			o.next = simulation.Visit{At: t + left/rate, Journey: o.mixes[mix].choose(which)}
			return
		}
		left -= area
		t = end
	}
}

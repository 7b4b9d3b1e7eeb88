package load

import (
	"container/heap"
	"fmt"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Closed is a closed-loop load: a number of users that follows a profile. Each user takes a
// journey, waits for its end, pauses and takes the next. A surplus user leaves after the
// present journey.
type Closed struct {
	profile Profile
	behave  behaviour
	seed    uint64
	pauses  pauses
	states  []*rand.Rand // by user
	at      []int        // state of each user in a session
}

var _ simulation.Load = (*Closed)(nil)

// behaviour chooses the next action of a user.
type behaviour interface {
	// begin returns the first state at a time t, follow the next state, pause how long
	// everybody waits after a state and the mean of the exponential pause after that, and
	// journey the journey of a state.
	begin(r *rand.Rand, t float64) int
	follow(r *rand.Rand, state int, t float64) int
	pause(state int) (wait, think float64)
	journey(state int) int
}

// NewClosed returns a load with the number of users in the profile. They choose
// journeys by weight, which may change, with exponential pauses of the given mean in
// seconds.
func NewClosed(weights []float64, think float64, p Profile, seed uint64, changes ...Change) (*Closed, error) {
	if think <= 0 {
		return nil, fmt.Errorf("users need a pause above 0 between journeys, not %v s", think)
	}
	mixes, err := newPhases(weights, changes)
	if err != nil {
		return nil, err
	}
	return newClosed(&mix{weights: mixes, think: think}, p, seed)
}

// NewSessions returns a load with the number of users in the profile, each of
// whom does one session after another.
func NewSessions(a *app.Application, s *app.Session, p Profile, seed uint64) (*Closed, error) {
	return newClosed(newChain(a, s), p, seed)
}

func newClosed(b behaviour, p Profile, seed uint64) (*Closed, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	c := &Closed{profile: p, behave: b, seed: seed}
	most := 0.0
	for _, v := range p {
		most = max(most, v)
	}
	for user := range int(most) {
		r := rand.New(rand.NewPCG(seed, userStream+uint64(user)))
		c.states = append(c.states, r)
		c.at = append(c.at, b.begin(r, c.room(user, 0)))
		// Users arrive when the profile first has room for them, spread over a
		// pause.
		wait, think := b.pause(c.at[user])
		until := c.room(user, 0) + r.ExpFloat64()*think
		if wait > 0 {
			until += wait * r.Float64()
		}
		c.sleep(user, until)
	}
	return c, nil
}

// room is the first time from t on at which the profile has room for a user.
func (c *Closed) room(user int, t float64) float64 {
	if c.profile.At(t) > float64(user) {
		return t
	}
	for second := int(t) + 1; ; second++ {
		if c.profile.At(float64(second)) > float64(user) {
			return float64(second)
		}
	}
}

func (c *Closed) sleep(user int, until float64) {
	heap.Push(&c.pauses, pause{until: until, user: user})
}

// Next implements [simulation.Load].
func (c *Closed) Next() (simulation.Visit, bool) {
	if len(c.pauses) == 0 {
		return simulation.Visit{}, false
	}
	p := c.pauses[0]
	return simulation.Visit{At: p.until, Journey: c.behave.journey(c.at[p.user]), User: p.user}, true
}

// Take implements [simulation.Load].
func (c *Closed) Take() { heap.Pop(&c.pauses) }

// Done implements [simulation.Load].
func (c *Closed) Done(now float64, v simulation.Visit) bool {
	r := c.states[v.User]
	wait, think := c.behave.pause(c.at[v.User])
	until := c.room(v.User, now+wait+r.ExpFloat64()*think)
	c.at[v.User] = c.behave.follow(r, c.at[v.User], until)
	c.sleep(v.User, until)
	return c.pauses[0].user == v.User
}

// pause is a user who waits.
type pause struct {
	until float64
	user  int
}

type pauses []pause

func (p pauses) Len() int { return len(p) }
func (p pauses) Less(i, j int) bool {
	return p[i].until < p[j].until || p[i].until == p[j].until && p[i].user < p[j].user
}
func (p pauses) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *pauses) Push(x any)   { *p = append(*p, x.(pause)) }
func (p *pauses) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

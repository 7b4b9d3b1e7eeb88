package load

import (
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// mix is users who take every journey independently of the one before.
type mix struct {
	weights      []float64
	total, think float64
}

func (m *mix) begin(r *rand.Rand) int         { return choose(r, m.weights, m.total) }
func (m *mix) follow(r *rand.Rand, _ int) int { return m.begin(r) }
func (m *mix) pause(int) float64              { return m.think }
func (m *mix) journey(state int) int          { return state }

// chain is users in sessions: what they do depends on what they did, so load on one
// service foretells load on another that no trace connects.
type chain struct {
	start    []float64
	next     [][]float64
	think    []float64
	journeys []int
}

func newChain(a *app.Application, s *app.Session) *chain {
	c := &chain{}
	c.start, c.next = s.Chain()
	for _, state := range s.States {
		c.think = append(c.think, state.Think.D().Seconds())
		c.journeys = append(c.journeys, a.Users.Journey(state.Journey))
	}
	return c
}

func (c *chain) begin(r *rand.Rand) int { return choose(r, c.start, 1) }

// follow starts a new session where one ends.
func (c *chain) follow(r *rand.Rand, state int) int {
	v := r.Float64()
	for next, p := range c.next[state] {
		if v < p {
			return next
		}
		v -= p
	}
	return c.begin(r)
}

// pause is that after a state; a user pauses before the next.
func (c *chain) pause(state int) float64 { return c.think[state] }
func (c *chain) journey(state int) int   { return c.journeys[state] }

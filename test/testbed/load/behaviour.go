package load

import (
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// mix is users who take every journey independently of the one before.
type mix struct {
	weights phases
	think   float64
}

func (m *mix) begin(r *rand.Rand, t float64) int {
	return m.weights[m.weights.at(t)].choose(r.Float64())
}
func (m *mix) follow(r *rand.Rand, _ int, t float64) int { return m.begin(r, t) }
func (m *mix) pause(int) (wait, think float64)           { return 0, m.think }
func (m *mix) journey(state int) int                     { return state }

// chain is users in sessions: each action depends on the last, so load on one
// service predicts load on another that no trace connects.
type chain struct {
	start    phase
	next     [][]float64
	wait     []float64
	think    []float64
	journeys []int
}

func newChain(a *app.Application, s *app.Session) *chain {
	start, next := s.Chain()
	c := &chain{start: phase{weights: start, total: 1}, next: next}
	total, thoughtful := 0.0, 0.0
	for _, state := range s.States {
		c.wait = append(c.wait, state.Wait.D().Seconds())
		c.think = append(c.think, state.Think.D().Seconds())
		c.journeys = append(c.journeys, a.Users.Journey(state.Journey))
		if pause := state.Wait + state.Think; pause > 0 {
			total += pause.D().Seconds()
			thoughtful++
		}
	}
	// A last state may have no pause. The user who starts a new session after
	// it takes the mean pause of the others, or else a second.
	usual := 1.0
	if thoughtful > 0 {
		usual = total / thoughtful
	}
	for i, t := range c.think {
		if c.wait[i]+t == 0 {
			c.think[i] = usual
		}
	}
	return c
}

func (c *chain) begin(r *rand.Rand, _ float64) int { return c.start.choose(r.Float64()) }

// follow starts a new session where one ends.
func (c *chain) follow(r *rand.Rand, state int, t float64) int {
	v := r.Float64()
	for next, p := range c.next[state] {
		if v < p {
			return next
		}
		v -= p
	}
	return c.begin(r, t)
}

func (c *chain) pause(state int) (wait, think float64) { return c.wait[state], c.think[state] }
func (c *chain) journey(state int) int                 { return c.journeys[state] }

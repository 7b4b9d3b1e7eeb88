package load

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Change is a new weighting of the journeys from a time on, in seconds (Fig. 8b and
// Fig. 11 of the paper: the kind of requests varies, not only their rate).
type Change struct {
	At      float64
	Weights []float64
}

// ReadMix reads the name of a mix of the application, or a sequence of them with the
// times from which they hold: "0s=default,30m=checkout-heavy". It returns the weights
// at the start and their later changes.
func ReadMix(a *app.Application, text string) (weights []float64, changes []Change, err error) {
	for i, part := range strings.Split(text, ",") {
		name := part
		var at time.Duration
		if from, mix, timed := strings.Cut(part, "="); timed {
			if at, err = time.ParseDuration(from); err != nil {
				return nil, nil, fmt.Errorf("mix %q: %q is not a time such as 30m", text, from)
			}
			name = mix
		}
		w, err := a.Users.Mix(name)
		if err != nil {
			return nil, nil, fmt.Errorf("mix %q: %w", text, err)
		}
		switch {
		case i == 0 && at == 0:
			weights = w
		case i == 0:
			return nil, nil, fmt.Errorf("mix %q: the first must hold from 0s on", text)
		default:
			changes = append(changes, Change{At: at.Seconds(), Weights: w})
		}
	}
	return weights, changes, nil
}

// phases are weightings one after another, the first from 0 on.
type phases []phase

type phase struct {
	from    float64
	weights []float64
	total   float64
}

func newPhases(weights []float64, changes []Change) (phases, error) {
	all := append([]Change{{Weights: weights}}, changes...)
	p := make(phases, len(all))
	for i, c := range all {
		total := 0.0
		for _, w := range c.Weights {
			total += w
		}
		if !(total > 0) || math.IsInf(total, 0) {
			return nil, fmt.Errorf("the weights of the journeys sum to %v, want a positive number", total)
		}
		if i > 0 && !(c.At > all[i-1].At) {
			return nil, fmt.Errorf("weights change at %v s after %v s: the times must increase", c.At, all[i-1].At)
		}
		p[i] = phase{from: c.At, weights: c.Weights, total: total}
	}
	return p, nil
}

// at returns the index of the phase at a time.
func (p phases) at(t float64) int {
	after, _ := slices.BinarySearchFunc(p, t, func(c phase, t float64) int {
		if c.from > t {
			return 1
		}
		return -1
	})
	return after - 1
}

// choose returns the journey for a uniform variate in [0, 1).
func (p *phase) choose(u float64) int {
	v := u * p.total
	last := 0
	for i, w := range p.weights {
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

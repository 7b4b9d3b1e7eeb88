package demand

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
)

// TestNeedWhileWaiting has a front that calls a back and a side, all of 4 replicas and
// 0.02 s of CPU per request. Then twice the load comes, and the back, which has one
// replica left, answers a quarter of it: front and side get no more, and requests
// queue up in the front.
func TestNeedWhileWaiting(t *testing.T) {
	const front, back, side, alone = 0, 1, 2, 3
	const calm, steps, work = 60, 64, 0.02
	r := rand.New(rand.NewPCG(51, 52))
	s := silent(4, steps)
	for k := range calm {
		rate := 60 + 80*r.Float64()
		u := rate * work / 4
		latency := work / (1 - u)
		s[front].set(k, 4, u, 3*latency, rate)
		for _, i := range []int{back, side, alone} {
			s[i].set(k, 4, u, latency, rate)
		}
	}
	const answered, arriving = 47.5, 190.0
	for k := calm; k < steps; k++ {
		waited := float64(k-calm+1) * 30 * (1 - answered/arriving)
		u := answered * work / 4
		s[front].set(k, 4, u, 0.06+waited, answered)
		s[back].set(k, 1, 0.95, 0.02+waited, answered)
		s[side].set(k, 4, u, work/(1-u), answered)
		s[alone].set(k, 4, u, work/(1-u), answered)
	}
	calls := []estimator.Edge{{Source: front, Destination: back, Weight: 1}, {Source: front, Destination: side, Weight: 1}}
	h := look(t, SLO{}, s, calls, estimator.Range{To: calm})
	// Without an SLO two thirds are the target.
	enough := func(rate float64) float64 { return rate * work / (2. / 3) }
	for k := calm + 1; k < steps; k++ {
		for _, tc := range []struct {
			name    string
			service int
			want    float64
			atLeast bool
		}{
			{"the front does its own work for what arrives, and no more", front, enough(arriving), true},
			{"the back is too small", back, enough(arriving), true},
			{"the side will get what the front holds back", side, enough(answered), true},
			{"the other has nothing to do with it", alone, enough(answered), false},
		} {
			if got := h.Needs(tc.service)[k]; math.Abs(got.Replicas/tc.want-1) > 0.02 || got.AtLeast != tc.atLeast {
				t.Errorf("%s: need %+v at step %d, want %.2f, a lower bound %v", tc.name, got, k, tc.want, tc.atLeast)
			}
		}
	}
}

package load

import (
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// sessions returns a session, and the visits of 200 users in it within 20,000 s that take no time.
func sessions(t *testing.T, a *app.Application, name string) (*app.Session, iter.Seq[simulation.Visit]) {
	t.Helper()
	s, err := a.Users.Session(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewSessions(a, s, Profile{200}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s, func(yield func(simulation.Visit) bool) {
		for {
			v, _ := c.Next()
			if v.At > 20000 {
				return
			}
			c.Take()
			c.Done(v.At, v)
			if !yield(v) {
				return
			}
		}
	}
}

// In a session a checkout follows a browse minutes later.
func TestSessionsFollowTheChain(t *testing.T) {
	a := boutique(t)
	s, visits := sessions(t, a, "shopper")
	want, err := a.Users.SessionMix(s)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float64, len(want))
	total, all := 0.0, 0.0
	for _, w := range want {
		total += w
	}
	// How long after a user's last cart the same user pays.
	added, waits := map[int]float64{}, []float64{}
	for v := range visits {
		got[v.Journey]++
		all++
		switch a.Users.Journeys[v.Journey].Name {
		case "addToCart":
			added[v.User] = v.At
		case "pay":
			waits = append(waits, v.At-added[v.User])
		}
	}
	for i, j := range a.Users.Journeys {
		if share := got[i] / all; math.Abs(share-want[i]/total) > 0.01 {
			t.Errorf("%s is %.3f of the journeys, the chain says %.3f", j.Name, share, want[i]/total)
		}
	}
	// The pause after a cart is 90 s on average, those of other states come on top.
	slices.Sort(waits)
	if median := waits[len(waits)/2]; median < 60 {
		t.Errorf("half of the users pay within %.0f s of their last cart, want minutes", median)
	}
}

// Nobody leaves a waiting room early, and all leave it soon after its time.
func TestSessionsWait(t *testing.T) {
	a := boutique(t)
	_, visits := sessions(t, a, "queue")
	const wait, think = 120, 5
	came, left, sum := map[int]float64{}, 0.0, 0.0
	for v := range visits {
		switch before, known := came[v.User]; a.Users.Journeys[v.Journey].Name {
		case "index":
			came[v.User] = v.At
		case "addToCart":
			if pause := v.At - before; !known || pause < wait {
				t.Fatalf("user %d goes on %v s after the index page, want at least %d", v.User, pause, wait)
			} else {
				sum += pause
			}
			left++
		}
	}
	if mean := sum / left; math.Abs(mean-wait-think) > 0.3 {
		t.Errorf("%.0f users go on %.1f s after the index page on average, want %d", left, mean, wait+think)
	}
}

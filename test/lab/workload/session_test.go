package workload

import (
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// begun returns the journeys of a name that begin in a second.
func (l *Load) begun(a *app.Application, journey string, second int) float64 {
	weights := l.Weights
	if m := l.mixAt(second); m > 0 {
		weights = l.Changes[m-1].Weights
	}
	mean := 0.0
	for i, j := range a.Users.Journeys {
		for _, s := range j.Steps {
			mean += weights[i] * s.Times.Or(1)
		}
	}
	return l.Profile[second] / mean * weights[a.Users.Journey(journey)]
}

// In a session, what follows comes later: after a burst of new users, payments go on
// rising when the first pages have fallen back.
func TestSessionsEcho(t *testing.T) {
	a := boutique(t)
	l := part(t, "bursts:session=shopper,noise=0,length=2m,period=1h", Span{Seed: 1, Duration: 2 * time.Hour})
	// The burst is from 58 to 60 minutes; with a mean pause of 90 s after a cart, payments
	// peak minutes after it.
	top := func(journey string) int {
		best := 0
		for second := range 7000 {
			if l.begun(a, journey, second) > l.begun(a, journey, best)+1e-9 {
				best = second
			}
		}
		return best
	}
	if first, last := top("index"), top("pay"); first > 3600 || last < 3600+30 || last > 3600+600 {
		t.Errorf("index peaks %d s and pay %d s after the start, want within and after the burst until 3600 s", first, last)
	}
	before, late := l.Profile[0], l.Profile[7000]
	if math.Abs(before-100) > 1 || math.Abs(late-100) > 2 {
		t.Errorf("%.1f requests/s at first and %.1f at last, want the base of 100", before, late)
	}
}

// All who come wait for two minutes: a burst of new users asks for nothing else until
// then, and pays almost as suddenly as it came.
func TestQueuesEchoSharply(t *testing.T) {
	a := boutique(t)
	l := part(t, "bursts:session=queue,noise=0,height=4,length=2m,period=1h", Span{Seed: 1, Duration: 90 * time.Minute})
	for journey, at := range map[string]map[int]float64{
		"index": {3479: 1, 3481: 4, 3599: 4, 3601: 1, 3700: 1},
		"pay":   {3481: 1, 3540: 1, 3600: 1, 3680: 4, 3718: 4, 3800: 1},
	} {
		for second, want := range at {
			if got := l.begun(a, journey, second) / l.begun(a, journey, 3000); math.Abs(got-want) > 0.15 {
				t.Errorf("%s has %.2f times its usual rate in second %d, want %v", journey, got, second, want)
			}
		}
	}
}

// In the made-up ticket sale of docs/experiments, nothing that is called links the waiting
// room to the shop; only its users do.
func TestTicketsLagUnseen(t *testing.T) {
	a, err := app.Load(filepath.Join("..", "..", "..", "docs", "experiments", "tickets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(a.Services, func(s app.Service) bool { return s.Name == "waitingroom" }); i < 0 || len(a.Services[i].Endpoints[0].Calls) > 0 {
		t.Errorf("the waiting room is service %d with the endpoints %+v, want one that calls nothing", i, a.Services[max(0, i)].Endpoints)
	}
	l, err := generator(t, "bursts:session=queue,noise=0,height=4,length=2m,period=1h").Make(a, 100, Span{Seed: 1, Duration: 90 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for second, want := range map[int]float64{3000: 1, 3590: 1, 3660: 4, 3800: 1} {
		if got := l.begun(a, "buy", second) / l.begun(a, "buy", 3000); math.Abs(got-want) > 0.15 {
			t.Errorf("%.2f times the usual orders in second %d, want %v", got, second, want)
		}
	}
}

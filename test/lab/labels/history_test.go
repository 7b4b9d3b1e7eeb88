// Package labels compares the labels of a history with what the testbed really needs.
package labels

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulate"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

const (
	seed = 1
	step = 15 * time.Second
	// most is the greatest number of replicas, of the walk and of a truth; ample
	// are enough for any load here.
	most, ample = 10, 20
)

// recorded is the telemetry of an application and what its labels say of it.
type recorded struct {
	application string
	series      *estimator.Window
	calls       []estimator.Edge
	fitted      []demand.Requirement
	labels      samples.Labels
}

// remember runs an application while its load jumps between levels and its
// replicas walk at random, and labels the history.
func remember(t *testing.T, application string, levels []float64, least int, duration time.Duration) *recorded {
	t.Helper()
	a := describe(t, application)
	e := engine(t, a, jumps(levels, duration))
	walk, err := simulate.NewWalk(a, seed, least, most, 2*step.Seconds())
	if err != nil {
		t.Fatal(err)
	}
	var telemetry, graph bytes.Buffer
	done, err := simulate.Run(t.Context(), e, walk, &telemetry, simulate.Options{Duration: duration, Step: step, Start: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls, SLO broken in %.0f %% of the steps", done.Calls, 100*done.Violations)
	if err := simulate.WriteGraph(e, &graph); err != nil {
		t.Fatal(err)
	}

	h := &recorded{application: application}
	if h.series, err = history.Read(&telemetry); err != nil {
		t.Fatal(err)
	}
	if h.calls, err = history.ReadGraph(&graph, h.series.Services); err != nil {
		t.Fatal(err)
	}
	label := samples.Required{SLO: a.SLO.Latency.D(), Calls: h.calls}
	train := estimator.Range{To: int(samples.DefaultSplit().Train * float64(h.series.Steps))}
	hindsight, err := label.Look(h.series, train)
	if err != nil {
		t.Fatal(err)
	}
	h.fitted = hindsight.Fitted
	if h.labels, err = label.Label(h.series, train); err != nil {
		t.Fatal(err)
	}
	return h
}

// jumps returns a load that stays at one of the levels for two minutes at a time.
func jumps(levels []float64, duration time.Duration) load.Profile {
	const stay = 120 // seconds
	random := rand.New(rand.NewPCG(seed, 0))
	var p load.Profile
	for len(p) < int(duration.Seconds()) {
		p = append(p, slices.Repeat([]float64{levels[random.IntN(len(levels))]}, stay)...)
	}
	return p
}

// share returns the latency that a service may have of its own, in seconds.
func (h *recorded) share(service string) float64 {
	return h.fitted[h.series.Service(estimator.Service{Name: service})].Share
}

// enough returns the smallest number of replicas with which a service is not saturated and
// keeps its share while users send a constant number of requests per second and every
// other service has ample replicas, and the requests per second that it then
// handles.
func (h *recorded) enough(t *testing.T, service string, rps float64) (rate float64, replicas int) {
	t.Helper()
	for n := 1; n <= most; n++ {
		rate, own, busy := h.constant(t, service, n, rps)
		if own <= h.share(service) && !demand.Saturated(busy) {
			return rate, n
		}
	}
	t.Fatalf("%s does not keep its share of %v s at %v requests/s with %d replicas", service, h.share(service), rps, most)
	return 0, 0
}

// constant runs a service with n replicas at a constant load, and returns its
// requests per second, the mean latency of its own in seconds, which is without that
// of its callees, and its utilisation.
func (h *recorded) constant(t *testing.T, service string, n int, rps float64) (rate, own, busy float64) {
	t.Helper()
	const settled, end = 15, 45 // seconds
	a := describe(t, h.application)
	for i := range a.Services {
		a.Services[i].Replicas = ample
	}
	at := a.Service(service)
	a.Services[at].Replicas = n
	e := engine(t, a, load.Profile{rps})
	e.Run(settled)
	before := make([]simulation.Totals, len(a.Services))
	for i := range before {
		before[i] = e.Totals(i)
	}
	e.Run(end)
	latency := func(i int) float64 {
		now := e.Totals(i)
		return (now.Seconds - before[i].Seconds) / float64(now.Requests-before[i].Requests)
	}
	own = latency(at)
	for _, c := range h.calls {
		if h.series.Services[c.Source].Name == service {
			own -= c.Weight * latency(a.Service(h.series.Services[c.Destination].Name))
		}
	}
	now := e.Totals(at)
	busy = (now.CPU - before[at].CPU) / (now.Limit - before[at].Limit)
	return float64(now.Requests-before[at].Requests) / (end - settled), own, busy
}

func describe(t *testing.T, application string) *app.Application {
	t.Helper()
	a, err := app.Load(application)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// engine returns an application at time 0 under an open load.
func engine(t *testing.T, a *app.Application, p load.Profile) *simulation.Engine {
	t.Helper()
	e, err := simulation.New(a, seed)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	users, err := load.NewOpen(a, weights, p, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.SetLoad(users)
	return e
}

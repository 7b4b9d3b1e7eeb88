package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func TestDecide(t *testing.T) {
	for _, tt := range []struct {
		used, ready float64
		desired     int
		want        int
	}{
		{0, 0, 3, 3},      // before the first step
		{0, 2, 2, 1},      // never none
		{1.8, 3, 3, 3},    // just as wanted
		{1.94, 3, 3, 3},   // within the tolerance
		{2.1, 3, 3, 4},    // beyond it
		{1.1, 3, 3, 2},    // too many
		{3, 3, 3, 5},      // saturated
		{1e6, 50, 50, 50}, // bounded
	} {
		if got := decide(tt.used, tt.ready, tt.desired); got != tt.want {
			t.Errorf("%v replicas' worth used by %v ready of %d: %d, want %d", tt.used, tt.ready, tt.desired, got, tt.want)
		}
	}
}

// TestFollowerIsLate gives a service a step of load and looks when its replicas
// follow.
func TestFollowerIsLate(t *testing.T) {
	a, err := app.Load("bookinfo")
	if err != nil {
		t.Fatal(err)
	}
	e, err := simulation.New(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	const step = 30
	reviews := a.Service("reviews")
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	profile := make(load.Profile, 10*step)
	for i := range profile {
		if profile[i] = 1; i >= 3*step {
			profile[i] = 100
		}
	}
	users, err := load.NewOpen(a, weights, profile, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.SetLoad(users)
	f := newFollower(e, step*time.Second, []int{1, 1, 1, 1})
	var got []int
	for n := range 10 {
		replicas := f.Replicas(float64(n * step))[reviews]
		if err := e.SetReplicas(reviews, replicas); err != nil {
			t.Fatal(err)
		}
		e.Run(float64((n + 1) * step))
		got = append(got, replicas)
	}
	// The load of step 3 is known at the beginning of step 4, and what follows
	// from it is done two steps later.
	first := slices.IndexFunc(got, func(n int) bool { return n > 1 })
	if first != 3+1+late {
		t.Errorf("replicas %v rise at step %d, want %d", got, first, 3+1+late)
	}
}

func TestPatterns(t *testing.T) {
	const base, seconds = 20.0, 12 * 3600
	p, err := patterns(base, seconds, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(p) != seconds || slices.Min(p) < workload.Lowest*base || slices.Max(p) > workload.Highest*base {
		t.Errorf("%d seconds between %v and %v, want %d between %v and %v", len(p), slices.Min(p), slices.Max(p), seconds, workload.Lowest*base, workload.Highest*base)
	}
	if slices.Min(p) > base || slices.Max(p) < 3*base {
		t.Errorf("the load is between %v and %v only", slices.Min(p), slices.Max(p))
	}
	again, err := patterns(base, seconds, 1)
	if err != nil || !slices.Equal(p, again) {
		t.Errorf("another load of the same seed, error %v", err)
	}
	if other, err := patterns(base, seconds, 2); err != nil || slices.Equal(p, other) {
		t.Errorf("the same load of another seed, error %v", err)
	}
}

func TestBase(t *testing.T) {
	for _, name := range app.Builtin() {
		a, err := app.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := baseOf(a, 3)
		if err != nil {
			t.Fatal(err)
		}
		weights, err := a.Users.Mix(app.DefaultMix)
		if err != nil {
			t.Fatal(err)
		}
		visits, err := a.Visits(weights)
		if err != nil {
			t.Fatal(err)
		}
		most := 0.0
		for i, s := range a.Services {
			n := float64(b.replicas[i])
			utilisation := (b.rps*visits.CPU[i]/visits.Requests + n*float64(s.Idle.CPU)) / (n * float64(s.Resources.Limits.CPU))
			most = max(most, utilisation)
		}
		if math.Abs(most-wanted) > 1e-9 || slices.Max(b.replicas) != 3 || slices.Min(b.replicas) < 1 {
			t.Errorf("%s: replicas %v, the busiest to %v, want 1 to 3 and %v", name, b.replicas, most, wanted)
		}
	}
}

// made returns a little telemetry of BookInfo.
func made(t *testing.T, hours float64) *telemetry {
	t.Helper()
	o := defaultTelemetry()
	o.folder, o.hours, o.replicas = t.TempDir(), hours, 0.2
	if err := o.make(t.Context(), "bookinfo", io.Discard); err != nil {
		t.Fatal(err)
	}
	return &o
}

func TestTelemetryIsMadeOnce(t *testing.T) {
	o := made(t, 0.25)
	// A process that cannot be called shows that nobody calls it.
	s, err := o.source(t.Context(), &process{program: "/nowhere"}, "bookinfo", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	series, err := history.ReadFile(s.Series)
	if err != nil {
		t.Fatal(err)
	}
	if series.Steps != 30 || series.Step != 30*time.Second || series.Channel("replicas") < 0 {
		t.Errorf("%d steps of %v with %v", series.Steps, series.Step, series.Features)
	}
	edges, err := history.ReadGraphFile(s.Graph, series.Services)
	if err != nil || len(edges) != 3 {
		t.Errorf("%d edges, error %v, want the 3 of BookInfo", len(edges), err)
	}
	o.seed++
	if _, err := o.source(t.Context(), &process{program: "/nowhere"}, "bookinfo", io.Discard); err == nil {
		t.Error("another seed has the same telemetry")
	}
}

// TestDefaultsAreThoseOfTraining trains with what the studies name and with the
// zeros that deepscaler train fills in.
func TestDefaultsAreThoseOfTraining(t *testing.T) {
	o := made(t, 0.5)
	s, err := o.source(t.Context(), &process{}, "bookinfo", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	described := func(options training, label string) []string {
		options.Samples.Horizons, options.Label.Kind = []int{1}, label
		options.Learning.Iterations, options.Learning.Epochs, options.Learning.GraphEpochs, options.Learning.Workers = 1, 1, 0, 1
		var log, result strings.Builder
		if err := runTraining(t.Context(), newJob(s, "", options, 1).Options, &log, &result); err != nil {
			t.Fatal(err)
		}
		r, err := decodeReport([]byte(result.String()))
		if err != nil {
			t.Fatal(err)
		}
		return []string{fmt.Sprint(r.Network), fmt.Sprint(r.Window), r.Anchor, r.Scale, r.Target, fmt.Sprint(r.Test.Overall)}
	}
	for _, label := range []string{"observed", "required"} {
		here := comparedOptions()
		here.Label.Kind = label
		if diff := cmp.Diff(described(*newTraining(), label), described(here.settled(), label)); diff != "" {
			t.Errorf("%s, trained by default and here:\n%s", label, diff)
		}
	}
}

func TestAdaptiveHasTheSamplesAskedFor(t *testing.T) {
	for _, horizons := range [][]int{nil, {1, 4, 10}} {
		o := &adaptiveFlags{telemetry: defaultTelemetry(), options: newTraining(), samples: 1000}
		o.options.Samples.Horizons = horizons
		s := estimator.NewWindow([]estimator.Service{{Name: "a"}}, []estimator.Feature{"replicas"}, o.steps(), 30*time.Second, began())
		for i := range s.Values {
			s.Values[i] = float64(i % 7)
		}
		resolved := o.options.Resolve(estimator.DefaultFeatures(), o.step)
		for i := range resolved.AnalyticWindow - 1 { // before the first analytic forecast nothing is labelled
			s.Values[i] = math.NaN()
		}
		d, err := samples.New(s, samples.Options{Horizons: resolved.Samples.Horizons})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Samples(samples.Train); got != 1000 {
			t.Errorf("horizons %v: %d steps make %d samples", horizons, o.steps(), got)
		}
	}
}

package loop

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/test/lab/windows"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// wave wants more replicas of every service, then fewer, whatever happens.
type wave struct{}

func (wave) Tick(*Cluster) error { return nil }
func (wave) Sync(c *Cluster, replicas []int) error {
	for i := range replicas {
		replicas[i] = 2 + int(c.Now()/time.Minute)%3
	}
	return nil
}

func config(t *testing.T, seed uint64) Config {
	t.Helper()
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	g, err := workload.Parse("sequence")
	if err != nil {
		t.Fatal(err)
	}
	c := Defaults(a, nil, seed)
	c.Duration, c.StartSpread = 5*time.Minute, 0.5
	if c.Load, err = g.Make(a, 8, workload.Span{Seed: seed, Duration: c.Warmup + c.Duration}); err != nil {
		t.Fatal(err)
	}
	return c
}

func do(t *testing.T, c Config) *Record {
	t.Helper()
	replicas := make([]int, len(c.Application.Services))
	for i := range replicas {
		replicas[i] = 2
	}
	r, err := Run(t.Context(), c, wave{}, replicas)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The same seed gives the same to the bit, telemetry included, and another seed does
// not.
func TestSameSeedSameRun(t *testing.T) {
	equal := func(a, b *Record) bool {
		ah, err := a.History.History(0)
		if err != nil {
			t.Fatal(err)
		}
		bh, err := b.History.History(0)
		if err != nil {
			t.Fatal(err)
		}
		exact := cmpopts.EquateNaNs()
		return cmp.Equal(a, b, exact, cmpopts.IgnoreUnexported(Record{}), cmpopts.IgnoreTypes(&windows.Recorder{})) && cmp.Equal(ah, bh, exact)
	}
	first := do(t, config(t, 1))
	if !equal(first, do(t, config(t, 1))) {
		t.Error("two runs with the same seed differ")
	}
	if equal(first, do(t, config(t, 2))) {
		t.Error("runs with different seeds are the same")
	}
}

// What a run costs and how often it scales follow from the replicas that are wanted.
func TestRecordCountsReplicas(t *testing.T) {
	c := config(t, 1)
	r := do(t, c)
	if len(r.Steps) != 20 || len(r.Bins) != 60 {
		t.Fatalf("%d steps and %d bins of 5 min, want 20 and 60", len(r.Steps), len(r.Bins))
	}
	if want := 5 * len(c.Application.Services); r.Actions != want {
		t.Errorf("%d changes of replicas in five minutes with one each, want %d", r.Actions, want)
	}
	least, most := 0.0, 0.0
	for _, b := range r.Bins {
		for i, n := range b.Desired {
			cores := float64(n) * float64(c.Application.Services[i].Resources.Limits.CPU) / 720
			least += cores
			most += cores * 1.05 // what drains
		}
	}
	if r.CoreHours < 0.98*least || r.CoreHours > most {
		t.Errorf("%v core-hours, the wanted replicas make %v", r.CoreHours, least)
	}
}

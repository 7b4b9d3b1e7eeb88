package compare

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
)

// The real controller and package hpa make the same of what they see.
func TestRealController(t *testing.T) {
	s := start(t)
	s.definePuppets(t)
	all := map[string]*puppet{}
	for i := range puppets {
		p := &puppet{site: s, name: fmt.Sprintf("p%d", i), random: rand.New(rand.NewPCG(1, uint64(i)))}
		p.spec = randomSpec(p.random, p.name)
		if err := hpa.CheckSpec(p.spec); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		all[p.name] = p
	}
	s.serveMetrics(t, all)
	var g errgroup.Group
	g.SetLimit(4)
	for _, p := range all {
		g.Go(func() error {
			p.mu.Lock()
			defer p.mu.Unlock()
			// With fewer than the minimum the first decision would be made without a look at metrics.
			return p.create(t.Context(), max(int(*p.spec.MinReplicas), 1+p.random.IntN(5)))
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	g = errgroup.Group{}
	for _, p := range all {
		g.Go(func() error { return p.play(ctx) })
	}
	eventually(t, "enough is recorded", func() error { return enough(all) })
	stop()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}

	same := replay(all, hpa.Defaults(), t.Logf)
	t.Logf("%d of %d decisions are equal; %+v", same.equal, same.decisions, same)
	if float64(same.equal) < 0.99*float64(same.decisions) {
		t.Errorf("%d of %d decisions are equal, want 99 %%", same.equal, same.decisions)
	}
}

// flags are other flags of the controller than the default.
var flags = map[string]func(*hpa.Controller){
	"tolerance":                 func(c *hpa.Controller) { c.Tolerance = 0.2 },
	"downscale stabilisation":   func(c *hpa.Controller) { c.DownscaleStabilization = syncEvery },
	"CPU initialisation period": func(c *hpa.Controller) { c.CPUInitializationPeriod = time.Minute },
	"initial readiness delay":   func(c *hpa.Controller) { c.InitialReadinessDelay = 0 },
}

// enough reports what a record lacks: there must be many decisions of every kind, and another flag
// of the controller must make a difference.
func enough(all map[string]*puppet) error {
	quiet := func(string, ...any) {}
	same := replay(all, hpa.Defaults(), quiet)
	if same.decisions < 300 || same.changes < 60 || same.held < 50 || same.limited < 50 {
		return fmt.Errorf("only %+v were recorded, want 300 decisions, 60 changes, 50 without a metric and 50 that are limited", same)
	}
	for name, change := range flags {
		c := hpa.Defaults()
		change(&c)
		if other := replay(all, c, quiet); other.equal >= same.equal {
			return fmt.Errorf("another %s makes no difference: %d of %d decisions are equal, and %d without", name, other.equal, same.decisions, same.equal)
		}
	}
	return nil
}

// tally counts decisions, but for hasty ones.
type tally struct {
	decisions, equal int
	hasty            int
	// changes of the replicas; held without a metric that can be read; limited to another
	// number than the metrics proposed.
	changes, held, limited int
}

// replay decides again what was decided about puppets. An error goes into the state
// and shows in what follows.
func replay(all map[string]*puppet, controller hpa.Controller, log func(string, ...any)) tally {
	var n tally
	for _, p := range all {
		var state hpa.State
		for i, d := range p.record() {
			if d.replicas < 0 {
				break // the record ended before what came of it was seen
			}
			var got hpa.Decision
			got, state = controller.Decide(d.at, state, d.spec, d.seen)
			if d.hasty {
				n.hasty++
				continue
			}
			n.decisions++
			if d.replicas != d.seen.Replicas {
				n.changes++
			}
			if got.Proposed < 0 {
				n.held++
			} else if got.Proposed != got.Replicas {
				n.limited++
			}
			if got.Replicas == d.replicas {
				n.equal++
				continue
			}
			log("%s, decision %d at %v: %d replicas, the controller made it %d of %d (%d exist); proposed %d, %v",
				p.name, i, d.at.Format("05.000"), got.Replicas, d.replicas, d.seen.Replicas, d.seen.StatusReplicas, got.Proposed, got.Err)
		}
	}
	return n
}

// Package live runs an application at the pace of the wall clock.
package live

import (
	"context"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// pace is the time between updates of the engine. Telemetry is read at steps of
// seconds, so the difference is invisible.
const pace = 5 * time.Millisecond

// Driver runs an engine at the pace of the wall clock and shares it between
// goroutines.
type Driver struct {
	now   func() time.Time
	began time.Time

	mu     sync.Mutex
	engine *simulation.Engine
	offer  load.Profile // requests per second, nil for a load of users
	users  Experience
}

// New returns a driver that starts its engine now. offer is the profile of the
// engine's load in requests per second, or nil.
func New(engine *simulation.Engine, offer load.Profile, now func() time.Time) *Driver {
	return &Driver{now: now, began: now(), engine: engine, offer: offer, users: newExperience(engine.Application().SLO)}
}

// Run advances the engine with the clock until ctx ends.
func (d *Driver) Run(ctx context.Context) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.Read(func(*simulation.Engine) {})
		}
	}
}

// Read advances the engine to the present and calls read, while nothing else uses
// the engine.
func (d *Driver) Read(read func(*simulation.Engine)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.catchUp()
	read(d.engine)
}

func (d *Driver) catchUp() {
	now := d.now().Sub(d.began).Seconds()
	for d.users.next <= now {
		d.engine.Run(d.users.next)
		d.users.observe(d.engine)
	}
	d.engine.Run(now)
}

// SetLoad replaces the load by a constant rate of requests per second.
func (d *Driver) SetLoad(weights []float64, rps float64, seed uint64, changes ...load.Change) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.catchUp()
	profile := load.Profile{rps}
	l, err := load.NewOpen(d.engine.Application(), weights, profile, seed, d.engine.Now(), changes...)
	if err != nil {
		return err
	}
	d.offer = profile
	d.engine.SetLoad(l)
	return nil
}

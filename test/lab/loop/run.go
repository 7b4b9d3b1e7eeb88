package loop

import (
	"context"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/windows"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// bin is the resolution at which responses are kept.
const bin = 5 * time.Second

// Bins returns the duration of n bins.
func Bins(n int) time.Duration { return time.Duration(n) * bin }

// Epoch is second 0 of every engine on the clocks of autoscalers: a Thursday.
func Epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// Namespace is where every application runs.
const Namespace = "lab"

// Run lets an autoscaler manage an application from the given replicas on. The same
// configuration gives the same record to the bit.
func Run(ctx context.Context, c Config, scaler Autoscaler, replicas []int) (*Record, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	e, err := simulation.New(c.Application, c.Seed)
	if err != nil {
		return nil, err
	}
	users, err := load.NewOpen(c.Application, c.Load.Weights, c.Load.Profile, c.Seed, 0, c.Load.Changes...)
	if err != nil {
		return nil, err
	}
	recorder, err := windows.NewRecorder(c.Application.ServiceNames(), windows.Config{
		Namespace: Namespace, Start: Epoch(), Step: c.Step, Steps: c.Steps, RateWindow: c.RateWindow,
	})
	if err != nil {
		return nil, err
	}
	start(e, replicas)
	e.SetLoad(users)
	e.SpreadStarts(c.StartSpread)
	l := &running{
		config: &c, engine: e, scaler: scaler,
		cluster: &Cluster{engine: e, recorder: recorder, usage: newUsage(len(replicas)), config: &c},
		desired: append([]int(nil), replicas...),
		record:  newRecord(&c),
	}
	end := int((c.Warmup + c.Duration).Seconds())
	for second := 1; second <= end; second++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e.Run(float64(second))
		if err := l.at(time.Duration(second) * time.Second); err != nil {
			return nil, fmt.Errorf("%v after the start: %w", time.Duration(second)*time.Second, err)
		}
	}
	l.record.History = recorder
	return l.record, nil
}

// start makes replicas ready before the first request.
func start(e *simulation.Engine, replicas []int) {
	for i, n := range replicas {
		names := make([]string, n)
		for j := range names {
			names[j] = fmt.Sprintf("%s-5d7f9c8b64-first-%d", e.Application().Services[i].Name, j)
		}
		e.SetPods(i, names)
	}
}

// running is a run on its way.
type running struct {
	config  *Config
	engine  *simulation.Engine
	scaler  Autoscaler
	cluster *Cluster
	desired []int
	record  *Record
}

// Phases of what happens once in a period: nothing in a cluster is in step with
// anything else.
const (
	syncPhase  = 7 * time.Second
	usagePhase = 4 * time.Second
)

// at does what is due at a second.
func (l *running) at(now time.Duration) error {
	c := l.config
	if (now+l.scrapePhase())%c.Scrape == 0 {
		l.cluster.recorder.Scrape(l.engine)
	}
	if now%c.Step == 0 {
		l.cluster.recorder.Evaluate()
	}
	if now%bin == 0 {
		l.record.observe(now, l.engine, l.desired)
	}
	if now > c.Step && (now-c.Settle)%c.Step == 0 {
		if err := l.scaler.Tick(l.cluster); err != nil {
			return err
		}
	}
	if (now+usagePhase)%c.Sync == 0 {
		l.cluster.usage.sample(l.engine)
	}
	if (now+syncPhase)%c.Sync == 0 {
		return l.sync()
	}
	return nil
}

// scrapePhase differs between seeds, since that of a target is a hash of its name.
func (l *running) scrapePhase() time.Duration {
	return time.Duration(l.config.Seed%uint64(l.config.Scrape/time.Second)) * time.Second
}

// sync makes the cluster have what the autoscaler wants.
func (l *running) sync() error {
	before := append([]int(nil), l.desired...)
	if err := l.scaler.Sync(l.cluster, l.desired); err != nil {
		return err
	}
	b := l.config.Bounds
	for i, n := range l.desired {
		n = min(b.Max, max(b.Min, n))
		l.desired[i] = n
		if n == before[i] {
			continue
		}
		if err := l.engine.SetReplicas(i, n); err != nil {
			return err
		}
		l.record.scaled()
	}
	return nil
}

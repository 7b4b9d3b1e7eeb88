// Package tick plans every application once per step. Steps are aligned to the wall clock, so
// that replicas of the adapter plan from the same samples.
package tick

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Planner plans one application from the step that ends at end.
type Planner interface {
	Plan(ctx context.Context, a discovery.Application, end time.Time) (*plan.Plan, *Failure)
}

// Board provides the applications to plan, and publishes the results.
type Board interface {
	// Applications returns the applications to plan now.
	Applications() []discovery.Application
	// Publish publishes the result of a tick. It returns false if the application
	// is no longer planned.
	Publish(r Result) bool
}

// Loop plans all applications at every tick.
type Loop struct {
	Clock clock.WithDelayedExecution
	// Step is Δ. A tick for the step that ends at time t begins at t+Settle and
	// ends, for every application, four fifths of a step later at the latest.
	Step, Settle time.Duration
	Board        Board
	Planner      Planner
	Observer     Observer

	// beat is when the last tick began, with the clock's monotonic reading.
	beat atomic.Pointer[time.Time]

	nudges nudges

	mu   sync.Mutex
	busy map[string]*task // the task of an application whose planning has not returned
}

// Result is the result of the tick of one application.
type Result struct {
	Application string
	// Plan is nil if Failure is set.
	Plan    *plan.Plan
	Failure *Failure
	// At is the time of its end, with the clock's monotonic reading, and Took
	// its duration.
	At   time.Time
	Took time.Duration
}

// Run ticks at once, for the last ended step, and then after every step until
// ctx is done; see [Loop.Nudge] for what is between. It returns when all its
// goroutines have ended.
func (l *Loop) Run(ctx context.Context) {
	l.busy = map[string]*task{}
	l.nudges.start()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		now := l.Clock.Now()
		l.beat.Store(&now)
		l.nudges.take() // the tick is for all
		l.tick(ctx, &running, l.end(now))
		if !l.sleep(ctx, &running) {
			return
		}
	}
}

// end returns the end of the step of a tick at time t. Timers fire a little
// early or late; half of Settle tolerates that.
func (l *Loop) end(t time.Time) time.Time { return align(t.Add(-l.Settle/2), l.Step) }

// sleep waits for the next tick. It computes each wait from the wall clock, and
// waits at most a step. So a clock that is set forward neither skips nor
// repeats ticks, and one that is set back does not stop them. Meanwhile it plans
// applications that are nudged.
func (l *Loop) sleep(ctx context.Context, running *sync.WaitGroup) bool {
	now := l.Clock.Now()
	next := l.end(now).Add(l.Step + l.Settle)
	timer := l.Clock.NewTimer(min(next.Sub(now), l.Step+l.Settle))
	defer timer.Stop()
	wake, pause := l.nudges.wake, (<-chan time.Time)(nil)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C():
			return true
		case <-wake:
			l.nudge(ctx, running)
			wake, pause = nil, l.Clock.After(nudgeInterval)
		case <-pause:
			wake, pause = l.nudges.wake, nil
		}
	}
}

// align returns the last multiple of step since the Unix epoch. The telemetry's
// own columns are aligned to the epoch too.
func align(t time.Time, step time.Duration) time.Time {
	ns := t.UnixNano()
	return time.Unix(0, ns-ns%step.Nanoseconds())
}

// tick starts to plan all applications concurrently and does not wait for them.
// The client of Prometheus bounds their queries.
func (l *Loop) tick(ctx context.Context, running *sync.WaitGroup, end time.Time) {
	for _, a := range l.Board.Applications() {
		if t := l.newTask(ctx, a, end); t != nil {
			running.Go(t.run)
		}
	}
}

// Alive returns an error if no tick has begun for three steps: the loop waits
// for nothing, so it is stuck. Before the loop runs it returns nil.
func (l *Loop) Alive() error {
	beat := l.beat.Load()
	if beat == nil {
		return nil
	}
	if age := l.Clock.Since(*beat); age > 3*l.Step {
		return fmt.Errorf("no tick has begun for %v, want one every %v", age.Round(time.Second), l.Step)
	}
	return nil
}

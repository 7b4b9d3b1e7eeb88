package tick

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// ErrDeadline is wrapped by the error of an application whose tick did not end
// in time.
var ErrDeadline = errors.New("tick did not end in time")

// task is the tick of one application. Its result is published once, by its
// planning or its deadline, whichever is first.
type task struct {
	loop        *Loop
	application discovery.Application
	end         time.Time

	begun    time.Time
	parent   context.Context
	ctx      context.Context
	cancel   context.CancelCauseFunc
	deadline clock.Timer
	overrun  bool // the application's last planning has not returned yet
	settled  atomic.Bool
	again    bool // the application is to be planned again; guarded by loop.mu
}

// newTask returns nil if the application's last task is not settled yet. That
// happens if a tick follows another within less than a step: just after the
// start, or after a change of the clock.
func (l *Loop) newTask(ctx context.Context, a discovery.Application, end time.Time) *task {
	t := &task{loop: l, application: a, end: end, begun: l.Clock.Now(), parent: ctx}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch last := l.busy[a.Name]; {
	case last == nil:
		l.busy[a.Name] = t
	case last.settled.Load():
		t.overrun = true
	default:
		return nil
	}
	t.ctx, t.cancel = context.WithCancelCause(ctx)
	t.deadline = l.Clock.AfterFunc(l.Step*4/5, t.expire)
	return t
}

// run plans the application, unless it is too late for that.
func (t *task) run() {
	defer t.close()
	switch {
	case t.overrun:
		t.settle(nil, fail(StageDeadline, fmt.Errorf("%w: the planning of an earlier one has not even returned after its cancellation", ErrDeadline)))
		return
	case t.ctx.Err() != nil:
		return
	}
	t.settle(t.loop.Planner.Plan(t.ctx, t.application, t.end))
}

// expire ends a task that takes too long. It cancels the planning only after it
// has settled the result; otherwise the cancellation would be the result.
func (t *task) expire() {
	err := fmt.Errorf("%w: no plan within %v", ErrDeadline, t.loop.Step*4/5)
	t.settle(nil, fail(StageDeadline, err))
	t.cancel(err)
}

// settle publishes the result unless there is one already. It publishes nothing
// at a shutdown.
func (t *task) settle(p *plan.Plan, f *Failure) {
	if t.parent.Err() != nil || !t.settled.CompareAndSwap(false, true) {
		return
	}
	now := t.loop.Clock.Now()
	r := Result{
		Application: t.application.Name,
		Plan:        p,
		Failure:     f,
		At:          now,
		Took:        now.Sub(t.begun),
	}
	if t.loop.Board.Publish(r) {
		t.loop.Observer.Ticked(t.parent, r)
	}
}

func (t *task) close() {
	t.deadline.Stop()
	t.cancel(nil)
	if !t.overrun {
		t.loop.mu.Lock()
		delete(t.loop.busy, t.application.Name)
		t.loop.mu.Unlock()
		if t.again {
			t.loop.Nudge(t.application.Name)
		}
	}
}

package tick

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// record collects what a loop published.
type record struct {
	mu      sync.Mutex
	results map[string][]Result
}

func (r *record) publish(_ context.Context, x Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.results == nil {
		r.results = map[string][]Result{}
	}
	r.results[x.Application] = append(r.results[x.Application], x)
}

func (r *record) of(application string) []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results[application]
}

func named(names ...string) func() []discovery.Application {
	var as []discovery.Application
	for _, n := range names {
		as = append(as, discovery.Application{Name: n})
	}
	return func() []discovery.Application { return as }
}

// start runs l, whose planner is plan, until the test of the bubble ends.
func start(t *testing.T, l *Loop, plan Planner) *record {
	t.Helper()
	r := &record{}
	if l.Clock == nil {
		l.Clock = clock.RealClock{}
	}
	l.Step, l.Settle, l.Plan, l.Publish = 30*time.Second, time.Second, plan, r.publish
	if l.Concurrency == 0 {
		l.Concurrency = 4
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return r
}

func TestTicksAreAlignedToTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second) // midnight + 17 s
		midnight := time.Now().Truncate(time.Minute)
		var began, ends []time.Duration
		l := &Loop{Applications: named("shop")}
		start(t, l, func(_ context.Context, _ discovery.Application, end time.Time) (*plan.Plan, error) {
			began = append(began, time.Since(midnight))
			ends = append(ends, end.Sub(midnight))
			return &plan.Plan{}, nil
		})
		time.Sleep(75 * time.Second)
		synctest.Wait()
		const s = time.Second
		if diff := cmp.Diff([]time.Duration{17 * s, 31 * s, 61 * s, 91 * s}, began); diff != "" {
			t.Errorf("ticks began (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]time.Duration{0, 30 * s, 60 * s, 90 * s}, ends); diff != "" {
			t.Errorf("ends of their windows (-want +got):\n%s", diff)
		}
	})
}

func TestAHungApplicationDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Loop{Applications: named("a-hung", "b-hung", "shop"), Concurrency: 2}
		r := start(t, l, func(ctx context.Context, a discovery.Application, _ time.Time) (*plan.Plan, error) {
			if strings.HasSuffix(a.Name, "hung") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return &plan.Plan{}, nil
		})
		time.Sleep(29 * time.Second)
		for _, name := range []string{"a-hung", "b-hung"} {
			if got := r.of(name); len(got) != 1 || !errors.Is(got[0].Err, ErrDeadline) {
				t.Errorf("first tick of %s: %+v, want one result that missed the deadline", name, got)
			}
		}
		// Nothing was known at first about who hangs, so both slots were lost
		// once, but never for longer than the deadline.
		if got := r.of("shop"); len(got) != 1 || got[0].Took > 24*time.Second {
			t.Errorf("first tick of shop: %+v", got)
		}
		time.Sleep(3 * time.Second)
		if got := r.of("shop"); len(got) != 2 || got[1].Err != nil || got[1].Took != 0 {
			t.Errorf("second tick of shop: %+v, want a plan at once", got)
		}
		time.Sleep(25 * time.Second)
		got := r.of("a-hung")
		if len(got) != 2 || !errors.Is(got[1].Err, ErrDeadline) || got[1].Took != 24*time.Second {
			t.Errorf("second tick of a-hung: %+v, want an error after four fifths of a step", got)
		}
	})
}

func TestPlanningThatIgnoresItsCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int32
		l := &Loop{Applications: named("deaf")}
		r := start(t, l, func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
			calls.Add(1)
			<-release
			return &plan.Plan{}, nil
		})
		time.Sleep(100 * time.Second)
		if calls.Load() != 1 {
			t.Errorf("planned %d times at once", calls.Load())
		}
		for i, x := range r.of("deaf") {
			if !errors.Is(x.Err, ErrDeadline) || x.Plan != nil {
				t.Errorf("tick %d: %+v, want an error", i, x)
			}
		}
		if err := l.Alive(); err != nil {
			t.Errorf("the loop itself is alive, but: %v", err)
		}
		close(release)
		time.Sleep(30 * time.Second)
		results := r.of("deaf")
		if last := results[len(results)-1]; last.Err != nil {
			t.Errorf("after it returned: %+v, want a plan", last)
		}
	})
}

func TestNothingIsPublishedAboutAShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		r := &record{}
		l := &Loop{Clock: clock.RealClock{}, Step: 30 * time.Second, Settle: time.Second, Concurrency: 1,
			Applications: named("a", "b"), Publish: r.publish,
			Plan: func(ctx context.Context, _ discovery.Application, _ time.Time) (*plan.Plan, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}
		time.AfterFunc(5*time.Second, stop)
		began := time.Now()
		l.Run(ctx)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("stopped after %v", took)
		}
		if got := append(r.of("a"), r.of("b")...); len(got) > 0 {
			t.Errorf("published %+v", got)
		}
	})
}

func TestApplicationsMayChangeBetweenTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		current := named("a", "b")
		l := &Loop{Applications: func() []discovery.Application {
			mu.Lock()
			defer mu.Unlock()
			return current()
		}}
		r := start(t, l, func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
			return &plan.Plan{}, nil
		})
		time.Sleep(2 * time.Second)
		mu.Lock()
		current = named("b", "c")
		mu.Unlock()
		time.Sleep(30 * time.Second)
		if len(r.of("c")) != 1 || len(r.of("b")) != len(r.of("a"))+1 {
			t.Errorf("a ticked %d, b %d and c %d times", len(r.of("a")), len(r.of("b")), len(r.of("c")))
		}
	})
}

func TestAliveReportsAStuckLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		apps, asked := named("shop"), 0
		l := &Loop{Applications: func() []discovery.Application {
			if asked++; asked == 2 {
				<-stuck
			}
			return apps()
		}}
		if err := l.Alive(); err != nil {
			t.Errorf("before it runs: %v", err)
		}
		start(t, l, func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
			return &plan.Plan{}, nil
		})
		time.Sleep(time.Minute)
		if err := l.Alive(); err != nil {
			t.Errorf("a minute after start: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if err := l.Alive(); err == nil {
			t.Error("stuck for two minutes and still called alive")
		}
		close(stuck)
		time.Sleep(time.Minute)
		if err := l.Alive(); err != nil {
			t.Errorf("after it went on: %v", err)
		}
	})
}

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
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// record is a board that collects what a loop publishes, and an observer.
type record struct {
	applications func() []discovery.Application

	mu       sync.Mutex
	results  map[string][]Result
	observed int

	// Of one pipeline.
	stages     []Stage
	missing    float64
	problems   []*telemetry.Error
	estimators []string
	origin     estimator.Origin
	basis      *Basis
}

func (r *record) Applications() []discovery.Application { return r.applications() }

func (r *record) Publish(x Result) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.results == nil {
		r.results = map[string][]Result{}
	}
	r.results[x.Application] = append(r.results[x.Application], x)
	return true
}

func (r *record) StageTook(s Stage, _ time.Duration) { r.stages = append(r.stages, s) }

func (r *record) WindowRead(_ context.Context, _ string, missing float64, problems []*telemetry.Error) {
	r.missing, r.problems = missing, problems
}

func (r *record) Estimated(_ context.Context, _ string, estimators []string, o estimator.Origin) {
	r.estimators, r.origin = estimators, o
}

func (r *record) Planned(_ context.Context, b *Basis) { r.basis = b }

func (r *record) Ticked(context.Context, Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observed++
}

func (r *record) of(application string) []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results[application]
}

type plannerFunc func(ctx context.Context, a discovery.Application, end time.Time) (*plan.Plan, error)

func (f plannerFunc) Plan(ctx context.Context, a discovery.Application, end time.Time) (*plan.Plan, *Failure) {
	p, err := f(ctx, a, end)
	if err != nil {
		return nil, fail(StageWindow, err)
	}
	return p, nil
}

func named(names ...string) func() []discovery.Application {
	var as []discovery.Application
	for _, n := range names {
		as = append(as, discovery.Application{Name: n})
	}
	return func() []discovery.Application { return as }
}

// start runs l, which plans applications by plan, until the test of the bubble ends.
func start(t *testing.T, l *Loop, applications func() []discovery.Application, plan plannerFunc) *record {
	t.Helper()
	r := &record{applications: applications}
	if l.Clock == nil {
		l.Clock = clock.RealClock{}
	}
	l.Step, l.Settle, l.Planner, l.Board, l.Observer = 30*time.Second, time.Second, plan, r, r
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
		start(t, &Loop{}, named("shop"), func(_ context.Context, _ discovery.Application, end time.Time) (*plan.Plan, error) {
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
		r := start(t, &Loop{}, named("a-hung", "b-hung", "shop"), func(ctx context.Context, a discovery.Application, _ time.Time) (*plan.Plan, error) {
			if strings.HasSuffix(a.Name, "hung") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return &plan.Plan{}, nil
		})
		time.Sleep(59 * time.Second)
		for _, name := range []string{"a-hung", "b-hung"} {
			got := r.of(name)
			if len(got) != 2 {
				t.Fatalf("%s ended %d ticks, want 2", name, len(got))
			}
			for _, x := range got {
				if !errors.Is(x.Failure, ErrDeadline) || x.Took != 24*time.Second || x.Failure.Error() != "deadline: not done in time" {
					t.Errorf("tick of %s: %+v, want a failure after four fifths of a step", name, x)
				}
			}
		}
		for _, x := range r.of("shop") {
			if x.Failure != nil || x.Took != 0 {
				t.Errorf("tick of shop: %+v, want a plan at once", x)
			}
		}
		// shop also ticks for the step that ended just before the start.
		if len(r.of("shop")) != 3 || r.observed != 7 {
			t.Errorf("shop ended %d ticks, and %d of all were observed", len(r.of("shop")), r.observed)
		}
	})
}

func TestPlanningThatIgnoresItsCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var calls atomic.Int32
		l := &Loop{}
		r := start(t, l, named("deaf"), func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
			calls.Add(1)
			<-release
			return &plan.Plan{}, nil
		})
		time.Sleep(100 * time.Second)
		if calls.Load() != 1 {
			t.Errorf("planned %d times at once", calls.Load())
		}
		for i, x := range r.of("deaf") {
			if !errors.Is(x.Failure, ErrDeadline) || x.Plan != nil {
				t.Errorf("tick %d: %+v, want an error", i, x)
			}
		}
		if err := l.Alive(); err != nil {
			t.Errorf("the loop itself is alive, but: %v", err)
		}
		close(release)
		time.Sleep(30 * time.Second)
		results := r.of("deaf")
		if last := results[len(results)-1]; last.Failure != nil {
			t.Errorf("after it returned: %+v, want a plan", last)
		}
	})
}

func TestNothingIsPublishedAboutAShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		r := &record{applications: named("a", "b")}
		l := &Loop{Clock: clock.RealClock{}, Step: 30 * time.Second, Settle: time.Second, Board: r, Observer: r,
			Planner: plannerFunc(func(ctx context.Context, _ discovery.Application, _ time.Time) (*plan.Plan, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})}
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
		applications := func() []discovery.Application {
			mu.Lock()
			defer mu.Unlock()
			return current()
		}
		r := start(t, &Loop{}, applications, func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
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
		l := &Loop{}
		if err := l.Alive(); err != nil {
			t.Errorf("before it runs: %v", err)
		}
		start(t, l, func() []discovery.Application {
			if asked++; asked == 2 {
				<-stuck
			}
			return apps()
		}, func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
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

package tick

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// An application whose services have changed is planned at once, for the last ended step;
// others, and the ticks, are left alone.
func TestNudgedApplicationsArePlannedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second)
		midnight := time.Now().Truncate(time.Minute)
		type planning struct {
			Application string
			Began, End  time.Duration
		}
		var planned []planning
		l := &Loop{}
		start(t, l, named("shop"), func(_ context.Context, a discovery.Application, end time.Time) (*plan.Plan, error) {
			planned = append(planned, planning{a.Name, time.Since(midnight), end.Sub(midnight)})
			return &plan.Plan{}, nil
		})
		time.Sleep(23 * time.Second) // midnight + 40 s
		l.Nudge("shop", "unknown")
		l.Nudge("unknown")
		synctest.Wait()
		// Together with others that come within a second.
		time.Sleep(300 * time.Millisecond)
		l.Nudge("shop")
		l.Nudge("shop")
		time.Sleep(25 * time.Second)
		synctest.Wait()
		const s = time.Second
		want := []planning{{"shop", 17 * s, 0}, {"shop", 31 * s, 30 * s}, {"shop", 40 * s, 30 * s}, {"shop", 41 * s, 30 * s}, {"shop", 61 * s, 60 * s}}
		if diff := cmp.Diff(want, planned); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A planning that runs may not have the new service, so another one follows it.
func TestNudgeDuringAPlanning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second)
		l := &Loop{}
		began := 0
		r := start(t, l, named("shop"), func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
			began++
			time.Sleep(3 * time.Second)
			return &plan.Plan{}, nil
		})
		time.Sleep(time.Second)
		for range 5 {
			l.Nudge("shop")
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if began != 2 || len(r.of("shop")) != 2 {
			t.Errorf("planned %d times with %d results, want 2", began, len(r.of("shop")))
		}
	})
}

func TestNudgeBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second)
		l := &Loop{}
		l.Nudge("shop")
		r := start(t, l, named("shop"), func(context.Context, discovery.Application, time.Time) (*plan.Plan, error) {
			return &plan.Plan{}, nil
		})
		time.Sleep(10 * time.Second)
		if len(r.of("shop")) != 1 {
			t.Errorf("planned %d times, want by the first tick alone", len(r.of("shop")))
		}
	})
}

package tick

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// steppedClock is a wall clock that can be set while its timers, like those of
// the kernel's monotonic clock, take no notice.
type steppedClock struct {
	clock.RealClock
	offset atomic.Int64
}

func (c *steppedClock) set(by time.Duration) { c.offset.Add(int64(by)) }

func (c *steppedClock) Now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.offset.Load()))
}

func (c *steppedClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func TestAStepOfTheClockNeitherStopsNorRushesTheTicks(t *testing.T) {
	for name, step := range map[string]time.Duration{
		"back an hour": -time.Hour, "forth an hour": time.Hour,
		"back 7s": -7 * time.Second, "forth 40s": 40 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &steppedClock{}
				var mu sync.Mutex
				var ticks []time.Time
				start(t, &Loop{Clock: c}, named("shop"), func(_ context.Context, _ discovery.Application, end time.Time) (*plan.Plan, error) {
					mu.Lock()
					defer mu.Unlock()
					ticks = append(ticks, time.Now())
					if age := c.Now().Sub(end); age < 0 || age > 31*time.Second {
						t.Errorf("window ends %v before the clock's time", age)
					}
					return &plan.Plan{}, nil
				})
				time.Sleep(100 * time.Second)
				c.set(step)
				time.Sleep(5 * time.Minute)
				mu.Lock()
				defer mu.Unlock()
				if n := len(ticks); n < 13 || n > 16 {
					t.Errorf("%d ticks in 400s", n)
				}
				for i := 1; i < len(ticks); i++ {
					if gap := ticks[i].Sub(ticks[i-1]); gap > 32*time.Second {
						t.Errorf("no tick for %v", gap)
					}
				}
			})
		})
	}
}

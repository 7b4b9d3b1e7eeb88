package live

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/deepscaler/deepscaler/test/testbed/internal/steady"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a wall clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func driver(t *testing.T, rps float64) (*Driver, *clock, []float64) {
	t.Helper()
	e, weights := steady.Engine(t, "bookinfo", rps)
	c := &clock{now: time.Unix(100, 0)}
	return New(e, load.Profile{rps}, c.Now), c, weights
}

func TestEngineFollowsTheClock(t *testing.T) {
	d, c, _ := driver(t, 20)
	for _, step := range []time.Duration{0, time.Millisecond, 3 * time.Second, time.Minute} {
		c.advance(step)
		d.Read(func(e *simulation.Engine) {
			if want := c.Now().Sub(time.Unix(100, 0)).Seconds(); math.Abs(e.Now()-want) > 1e-9 {
				t.Errorf("the engine is at %v s, the clock at %v", e.Now(), want)
			}
		})
	}
	// A clock that is set back does not take anything back.
	c.advance(-time.Minute)
	d.Read(func(e *simulation.Engine) {
		if e.Now() < 63 {
			t.Errorf("the engine went back to %v s", e.Now())
		}
	})
}

func TestStatus(t *testing.T) {
	d, c, weights := driver(t, 20)
	if _, err := json.Marshal(d.Status()); err != nil {
		t.Errorf("the status before anything happened: %v", err)
	}
	c.advance(2 * time.Minute)
	s := d.Status()
	if s.Application != "bookinfo" || s.OfferedRPS == nil || *s.OfferedRPS != 20 {
		t.Errorf("status %+v", s)
	}
	if math.Abs(s.RPS-20) > 8 || s.Latency == nil || s.P95 == nil || *s.P95 < *s.Latency || s.Violated || s.Violations != 0 || s.Failures != 0 {
		t.Errorf("under light load the status is %+v", s)
	}
	// 0.6 and three times 0.1 cores for two minutes.
	if want := 0.9 * 120 / 3600; math.Abs(s.CoreHours-want) > 0.02*want {
		t.Errorf("%v core-hours, want %v", s.CoreHours, want)
	}
	if len(s.Services) != 4 || s.Services[0].Name != "productpage" || s.Services[0].Ready != 1 || s.Services[0].RPS <= 0 || s.Services[0].Latency == nil {
		t.Errorf("services %+v", s.Services)
	}
	if err := d.SetLoad(weights, 500, 1); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	if s = d.Status(); *s.OfferedRPS != 500 || !s.Violated || s.Violations <= 0.1 {
		t.Errorf("far above its capacity the status is %+v", s)
	}
	if _, err := json.Marshal(s); err != nil {
		t.Error(err)
	}
	if err := d.SetLoad(weights, math.NaN(), 1); err == nil {
		t.Error("a load of NaN was accepted")
	}
	if err := d.SetLoad(weights, 0, 1); err != nil {
		t.Fatal(err)
	}
	c.advance(2 * time.Minute)
	if s = d.Status(); s.RPS != 0 || s.Latency != nil {
		t.Errorf("without load the status is %+v", s)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	d, _, _ := driver(t, 20)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 50 {
				d.Status()
			}
		})
	}
	readers.Wait()
	cancel()
	<-done
}

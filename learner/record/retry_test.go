package record

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// failing answers the first n queries of that name with the status.
func failing(query string, n, status int) interceptor {
	return func(w http.ResponseWriter, form url.Values) bool {
		if form.Get("query") != query || n == 0 {
			return false
		}
		n--
		w.WriteHeader(status)
		return true
	}
}

func TestRepeatsWhatPasses(t *testing.T) {
	for _, query := range []string{"cpu", telemetry.CallsQuery} {
		for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway} {
			b := newBench(t)
			b.fake.answer(failing(query, 3, status))
			if err := b.run(func(o *Options) { o.Columns = 1000 }); err != nil {
				t.Fatalf("%s, status %d: %v", query, status, err)
			}
			b.compare()
			if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(b.waits, want) {
				t.Errorf("%s, status %d: waited %v, want %v", query, status, b.waits, want)
			}
			if !strings.Contains(b.out.String(), "next attempt in 2s") {
				t.Errorf("printed %s", b.out.String())
			}
		}
	}
}

func TestGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		query         string
		status, waits int
		want          string
	}{
		"overloaded for long": {"cpu", http.StatusServiceUnavailable, 5, "gave up after 6 attempts"},
		"graph out of reach":  {telemetry.CallsQuery, http.StatusServiceUnavailable, 5, "gave up after 6 attempts"},
		"not allowed":         {"cpu", http.StatusForbidden, 0, "403"},
		"wrong query":         {"cpu", http.StatusBadRequest, 0, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.fake.answer(failing(c.query, -1, c.status))
			err := b.run()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "after 0 of 100 steps, nothing is written") {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if len(b.waits) != c.waits {
				t.Errorf("waited %v, want %d waits", b.waits, c.waits)
			}
		})
	}
}

func TestWaitsDoubleUpToABound(t *testing.T) {
	var waits []time.Duration
	r := retrier{
		attempts: 8,
		wait:     func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
		line:     func(string, ...any) {},
	}
	err := r.do(t.Context(), func(context.Context) error { return telemetry.TimedOut })
	if err == nil || len(waits) != 7 || slices.Max(waits) != lastWait || !slices.IsSorted(waits) {
		t.Errorf("%v after waits of %v", err, waits)
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); err == nil {
		t.Error("slept on")
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
}

func TestRefusedConnectionIsTransient(t *testing.T) {
	b := newBench(t)
	err := b.run(func(o *Options) { o.PrometheusURL, o.Attempts, o.Services = "http://127.0.0.1:1", 2, nil })
	if err == nil || len(b.waits) != 1 || !strings.Contains(err.Error(), "--services") {
		t.Errorf("error %v after %v", err, b.waits)
	}
}

package adapter

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
)

// readiness is the check behind /readyz: the adapter has a plan. The autoscalers
// are listed, every application has ended a tick, and at least one has a plan,
// unless there is no application.
//
// Once ready, it stays ready. When Prometheus fails later, the metric returns
// errors and autoscalers hold. Removing the pods from the Service instead would
// make the whole API group unavailable, which blocks the deletion of namespaces
// and the discovery of APIs, and would hide the reason. For the same reason it
// becomes ready after a while without any plan.
type readiness struct {
	board *externalmetrics.Board
	clock clock.PassiveClock
	// patience is the longest wait for a plan after the autoscalers are listed.
	patience time.Duration

	listed atomic.Pointer[time.Time]
	ready  atomic.Bool
}

// Name implements healthz.HealthChecker.
func (r *readiness) Name() string { return "plan" }

// Check implements healthz.HealthChecker.
func (r *readiness) Check(*http.Request) error {
	if r.ready.Load() {
		return nil
	}
	listed := r.listed.Load()
	if listed == nil {
		return errors.New("the horizontalpodautoscalers are not listed yet")
	}
	planned, pending := 0, 0
	var lacking []string
	for application, o := range r.board.Latest() {
		switch {
		case o == nil:
			pending++
			lacking = append(lacking, application+": its first tick has not ended")
		case o.Plan == nil:
			lacking = append(lacking, fmt.Sprintf("%s: %v", application, o.Failure))
		default:
			planned++
		}
	}
	if len(lacking) == 0 || planned > 0 && pending == 0 || r.clock.Since(*listed) > r.patience {
		r.ready.Store(true)
		return nil
	}
	slices.Sort(lacking)
	return fmt.Errorf("no plan yet for %s", strings.Join(lacking, "; "))
}

// autoscalersListed records that the board has its services.
func (r *readiness) autoscalersListed() {
	now := r.clock.Now()
	r.listed.CompareAndSwap(nil, &now)
}

// liveness is the check behind /livez: ticks begin on time.
type liveness struct{ alive func() error }

// Name implements healthz.HealthChecker.
func (l liveness) Name() string { return "tick" }

// Check implements healthz.HealthChecker.
func (l liveness) Check(*http.Request) error { return l.alive() }

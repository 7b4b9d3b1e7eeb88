package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// HPAs reach the count they are told, and a step from 12 to 13 is not lost in
// the controller's tolerance of 10 %.
func TestHPAsReachDesiredReplicas(t *testing.T) {
	s := start(t, 120)
	s.settled(t, 6)

	rps := 120.0
	climbTo(t, s, &rps, 12)
	climbTo(t, s, &rps, 13)
	eventually(t, "front follows from 12 to 13", func(ctx context.Context) error {
		return s.follows(ctx, "front", 13)
	})
}

// climbTo raises the load in small steps until the metric of front stays at n or more
// for two steps while pods follow: a plan for a service that had just reached its limit
// is higher than those that come after it.
func climbTo(t *testing.T, s *site, rps *float64, n int64) {
	t.Helper()
	since := time.Now()
	eventually(t, fmt.Sprintf("front's metric stays at %d", n), func(ctx context.Context) error {
		now, err := s.desired(ctx, "front")
		if err != nil {
			return err
		}
		if now >= n {
			if err := s.provisioned(ctx, 1); err != nil {
				since = time.Now()
				return err
			}
			if time.Since(since) < 2*step {
				return fmt.Errorf("waiting for %d to stay", now)
			}
			return nil
		}
		since = time.Now()
		*rps *= 1.01
		if err := s.SetLoad(ctx, *rps); err != nil {
			return err
		}
		time.Sleep(step)
		return fmt.Errorf("front's metric says %d at %.0f requests/s", now, *rps)
	})
}

// follows checks that the Deployment of a service was scaled to its metric,
// which is at least n.
func (s *site) follows(ctx context.Context, service string, n int64) error {
	asked, err := s.Asked(ctx)
	if err != nil {
		return err
	}
	desired, err := s.desired(ctx, service)
	if err != nil {
		return err
	}
	if desired < n || int64(asked[service]) != desired {
		return fmt.Errorf("%s: scaled to %d, desired %d, at least %d expected", service, asked[service], desired, n)
	}
	return nil
}

// A step in the entry load raises the metric of every service of the chain in one
// plan, and their HPAs act on it within one sync of each other (paper §II-C,
// Insight 1: no cascade).
func TestChainScalesTogether(t *testing.T) {
	s := start(t, 30)
	s.settled(t, 2)
	before, err := s.Asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if err := s.SetLoad(t.Context(), 150); err != nil {
		t.Fatal(err)
	}
	rose := map[string]time.Time{}    // when a service was first seen scaled out
	planned := map[string]time.Time{} // the plan in which its metric first rose
	eventually(t, "all services scale out", func(ctx context.Context) error {
		if err := s.notePlans(ctx, before, planned); err != nil {
			return err
		}
		asked, err := s.Asked(ctx)
		if err != nil {
			return err
		}
		for _, service := range s.Services {
			if _, seen := rose[service]; !seen && asked[service] > before[service] {
				rose[service] = time.Now()
			}
		}
		if len(rose) < len(s.Services) {
			return fmt.Errorf("scaled to %v from %v", asked, before)
		}
		return nil
	})

	// A plan that is made in the middle of the jump sees a part of it, which may lift only some
	// services over a whole replica; the next plan lifts the rest. A cascade takes pod starts.
	if first, last := span(planned); last.Sub(first) > step {
		t.Errorf("the metric rose in plans %v apart, want at most one step of %v: %v", last.Sub(first), step, planned)
	}
	// Every HPA has a timer of its own with the same period, so two that act on the same plan
	// differ by one period at most; a cascade would take at least a pod start more.
	if first, last := span(rose); last.Sub(first) >= hpaSync+podStart {
		t.Errorf("services were scaled %v apart, want within one HPA sync of %v: %v", last.Sub(first), hpaSync, rose)
	}
	s.settled(t, 6)
}

// notePlans records the timestamp of the first plan that wants more of a service
// than it had before.
func (s *site) notePlans(ctx context.Context, before map[string]int32, planned map[string]time.Time) error {
	for _, service := range s.Services {
		if _, seen := planned[service]; seen {
			continue
		}
		item, err := s.item(ctx, service)
		if err != nil {
			return err
		}
		if item.Value.Value() > int64(before[service]) {
			planned[service] = item.Timestamp.Time
		}
	}
	return nil
}

func span(times map[string]time.Time) (first, last time.Time) {
	for _, t := range times {
		if first.IsZero() || t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	return first, last
}

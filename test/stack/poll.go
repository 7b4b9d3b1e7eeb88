package stack

import (
	"context"
	"fmt"
	"time"
)

// pollInterval is short against everything that is waited for: HPA syncs, pod
// starts and ticks take seconds.
const pollInterval = 200 * time.Millisecond

// Eventually calls check until it returns nil, and returns the last error when ctx
// ends first.
func Eventually(ctx context.Context, what string, check func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w (last seen: %w)", what, context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// Always calls check until the duration is over and returns its first error.
func Always(ctx context.Context, duration time.Duration, check func(context.Context) error) error {
	end := time.NewTimer(duration)
	defer end.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := check(ctx); err != nil {
			return err
		}
		select {
		case <-end.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

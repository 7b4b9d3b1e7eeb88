package record

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// The waits between attempts double from the first to the last.
const (
	firstWait = time.Second
	lastWait  = 30 * time.Second
)

// waiter waits for d or until ctx is done, whose error it then returns.
type waiter func(ctx context.Context, d time.Duration) error

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retrier repeats operations after transient failures.
type retrier struct {
	attempts int
	wait     waiter
	line     func(format string, args ...any)
}

func (r retrier) do(ctx context.Context, try func(context.Context) error) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !transient(err):
			return err
		case attempt == r.attempts:
			return fmt.Errorf("gave up after %d attempts: %w", attempt, err)
		}
		r.line("%s; next attempt in %v", telemetry.Explain(err), wait)
		if err := r.wait(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, lastWait)
	}
}

// transient reports whether the same query may succeed later: the server was
// unreachable, overloaded or restarting. A wrong certificate or a missing file
// of credentials is permanent.
func transient(err error) bool {
	var (
		kind        telemetry.Kind
		certificate *tls.CertificateVerificationError
	)
	if errors.As(err, &certificate) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return false
	}
	return errors.As(err, &kind) && kind.Transient()
}

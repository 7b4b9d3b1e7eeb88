// Package e2e tests DeepScaler on a real Kubernetes control plane: stock HPAs,
// the API aggregator, Prometheus and Jaeger are the real programs. Only the
// containers are not: KWOK makes pods ready, and the testbed answers the
// requests that those pods would have answered.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

// shared is the control plane of all tests of the package. Each test brings its
// own namespace, load, Prometheus and adapter.
var shared *stack.Stack

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shared, err = stack.Start(ctx, controlplane.Options{HPASyncPeriod: hpaSync, PodStartDelay: podStart, Progress: os.Stderr})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.Stop(context.WithoutCancel(ctx))) }()
	return m.Run(), nil
}

// Package cluster runs the tests of a package while its control planes are up.
package cluster

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// Run starts what the tests of a package share, runs them, stops it, and returns the exit
// code. An interrupt ends the start, or the program: nothing of a control plane outlives that.
func Run(m *testing.M, start func(context.Context) (stop func(context.Context) error, err error)) int {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stop, err := start(ctx)
	restore()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

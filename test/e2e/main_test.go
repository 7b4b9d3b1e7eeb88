// Package e2e tests DeepScaler on real Kubernetes control planes: stock HPAs,
// the API aggregator, Prometheus and Jaeger are the real programs. Only the
// containers are not: KWOK makes pods ready, and the testbed answers the
// requests that those pods would have answered.
package e2e

import (
	"context"
	"errors"
	"flag"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/e2e/cluster"
	"github.com/deepscaler/deepscaler/test/stack"
)

// planes is how many tests run at once, each on a control plane of its own: they wait
// more than they compute, but two cores have to do for all of them.
const planes = 2

// pool lends control planes to tests. A test has its own while it runs, since a cluster has
// one external metrics API; it brings its own namespace, load and adapter.
type pool struct {
	mu        sync.Mutex
	all, free []*stack.Stack
}

var shared pool

func TestMain(m *testing.M) {
	// Flags of the command line come later and win.
	if err := flag.Set("test.parallel", strconv.Itoa(planes)); err != nil {
		panic(err)
	}
	os.Exit(cluster.Run(m, func(ctx context.Context) (func(context.Context) error, error) {
		first, err := shared.add(ctx)
		shared.free = append(shared.free, first)
		return shared.stop, err
	}))
}

// add starts a control plane, with the programs of the first.
func (p *pool) add(ctx context.Context) (*stack.Stack, error) {
	var programs *stack.Programs
	p.mu.Lock()
	if len(p.all) > 0 {
		programs = &p.all[0].Programs
	}
	p.mu.Unlock()
	s, err := stack.Start(ctx, controlplane.Options{HPASyncPeriod: hpaSync, PodStartDelay: podStart, Progress: os.Stderr}, programs)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, s)
	return s, nil
}

// take returns a control plane that no other test uses until the end of this one.
func (p *pool) take(t *testing.T) *stack.Stack {
	t.Helper()
	p.mu.Lock()
	var s *stack.Stack
	if last := len(p.free) - 1; last >= 0 {
		s, p.free = p.free[last], p.free[:last]
	}
	p.mu.Unlock()
	if s == nil {
		var err error
		if s, err = p.add(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, s)
	})
	return s
}

func (p *pool) stop(ctx context.Context) error {
	var errs []error
	for _, s := range p.all {
		errs = append(errs, s.Stop(ctx))
	}
	return errors.Join(errs...)
}

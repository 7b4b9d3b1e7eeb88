package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

const (
	shop = "shop"
	// replicas are those that telemetry asks for, and that all have.
	replicas = 4
	// patience bounds each wait.
	patience = 10 * time.Minute
)

type options struct {
	services, restarts int
	sync, step, away   time.Duration
}

// bench is the control plane with everything on it.
type bench struct {
	*stack.Stack
	options

	objects dynamic.Interface
	adapter *stack.Adapter
	hpas    *watch
}

func (o options) run(ctx context.Context, out io.Writer) (err error) {
	if o.services < 1 || o.restarts < 1 || o.sync < time.Second || o.step < time.Second || o.away < 0 {
		return errors.New("there must be a service and a restart at least, and sync period and step of a second")
	}
	plane, err := stack.Start(ctx, controlplane.Options{HPASyncPeriod: o.sync, Progress: os.Stderr}, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.Stop(context.WithoutCancel(ctx))) }()
	b := &bench{Stack: plane, options: o}
	if b.objects, err = dynamic.NewForConfig(plane.Cluster.RESTConfig()); err != nil {
		return err
	}
	telemetry := serveTelemetry(o.services)
	defer telemetry.Close()
	fmt.Fprintf(os.Stderr, "creating %d widgets with an HPA each\n", o.services)
	if err := b.populate(ctx); err != nil {
		return err
	}
	b.adapter, err = b.StartAdapter(ctx, stack.AdapterOptions{
		Name: "adapter", Prometheus: telemetry.URL, Queries: queries(), Step: o.step, Window: 12, RateWindow: time.Minute, LeadTime: 2 * o.step, SLO: time.Second,
	})
	if err != nil {
		return err
	}
	if b.hpas, err = b.follow(ctx); err != nil {
		return err
	}
	defer b.hpas.stop()
	if err := b.settled(ctx); err != nil {
		return err
	}
	if err := b.rate(ctx, out); err != nil {
		return err
	}
	for n := range o.restarts {
		away := time.Duration(n%2) * o.away
		// Restarts come at other phases of the sync.
		if err := pause(ctx, o.sync*time.Duration(n)/time.Duration(o.restarts)); err != nil {
			return err
		}
		if err := b.restart(ctx, out, away); err != nil {
			return err
		}
	}
	return b.unscaled(ctx)
}

// settled waits until all HPAs are active.
func (b *bench) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return stack.Eventually(ctx, "all HPAs are active", func(context.Context) error {
		if n := b.hpas.active(); n < b.services {
			return fmt.Errorf("%d of %d", n, b.services)
		}
		return nil
	})
}

// rate prints how many reads the controller makes in a sync period. If it were slower than one for
// each HPA, an HPA would be inactive for longer for that reason alone.
func (b *bench) rate(ctx context.Context, out io.Writer) error {
	const syncs = 2
	before, err := b.reads(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, syncs*b.sync); err != nil {
		return err
	}
	after, err := b.reads(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d HPAs, %.0f reads in each sync period of %v\n", b.services, float64(after-before)/syncs, b.sync)
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

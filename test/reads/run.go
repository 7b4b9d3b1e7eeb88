package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

type options struct {
	services, rate, direct, aggregated, rounds int
	// duration is that of one measurement; a quarter of it passes before, unmeasured.
	duration time.Duration
}

const (
	// buildPatience includes the build of KEDA.
	buildPatience = 45 * time.Minute
	// patience bounds the wait until a side answers.
	patience = 5 * time.Minute
)

func (o options) run(ctx context.Context, out io.Writer) (err error) {
	if o.services < 2 || o.rate < 1 || o.direct < 1 || o.aggregated < 1 || o.rounds < 1 || o.duration < time.Second {
		return errors.New("there must be two services, a read per second, a connection and a round at least, and a second for each measurement")
	}
	setUp, cancel := context.WithTimeout(ctx, buildPatience)
	defer cancel()
	// The sync period is the default of Kubernetes.
	plane, err := stack.Start(setUp, controlplane.Options{HPASyncPeriod: 15 * time.Second, Progress: os.Stderr}, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.Stop(context.WithoutCancel(ctx))) }()
	b := &bench{Stack: plane, options: o}
	if err := b.prepare(setUp); err != nil {
		return err
	}
	results := map[string]map[string][]result{}
	for _, way := range b.ways() {
		results[way.name] = map[string][]result{}
	}
	for round := range o.rounds {
		for i := range b.sides {
			// Every other round the other way round, so that none always comes after another.
			s := b.sides[i]
			if round%2 == 1 {
				s = b.sides[len(b.sides)-1-i]
			}
			if err := b.lead(ctx, s); err != nil {
				return err
			}
			for _, way := range b.ways() {
				r, err := b.measure(ctx, s, way)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, way.name, err)
				}
				fmt.Fprintf(os.Stderr, "round %d: %s, %s: %v\n", round+1, s.name, way.name, r)
				results[way.name][s.name] = append(results[way.name][s.name], r)
			}
		}
	}
	return b.report(out, results)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/deepscaler/deepscaler/test/stack"
)

// restart kills the adapter, starts it again after a time, and prints what that meant.
func (b *bench) restart(ctx context.Context, out io.Writer, away time.Duration) error {
	b.hpas.forget()
	probing, stop := context.WithCancel(ctx)
	defer stop()
	var probe probe
	var done sync.WaitGroup
	done.Go(func() { probe.read(probing, b) })
	began := time.Now()
	if err := b.adapter.Kill(); err != nil {
		return err
	}
	if err := pause(ctx, away); err != nil {
		return err
	}
	if err := b.adapter.Start(ctx); err != nil {
		return err
	}
	ready := time.Since(began)
	// Each HPA is read twice after it: what was inactive has become active, or has failed again.
	if err := pause(ctx, 2*b.sync); err != nil {
		return err
	}
	if err := b.settled(ctx); err != nil {
		return err
	}
	stop()
	done.Wait()
	inactive, longest := b.hpas.outage()
	fmt.Fprintf(out, "away for %v, ready %.1f s after the kill; no answer through the aggregator for %.1f s (%s); %d HPAs were inactive, the longest for %.1f s\n",
		away, ready.Seconds(), probe.outage(began).Seconds(), probe.codes(), inactive, longest.Seconds())
	if n := probe.seen[http.StatusForbidden] + probe.seen[http.StatusUnauthorized]; n > 0 {
		return fmt.Errorf("%d reads were refused for want of rights, the last: %w", n, probe.refusal)
	}
	// The condition has whole seconds, and the controller adds nothing but the time of a read.
	if longest > b.sync+2*time.Second {
		return fmt.Errorf("an HPA was inactive for %v, want at most a sync period", longest)
	}
	return nil
}

// probe reads one service through the API aggregator.
type probe struct {
	// seen counts answers by HTTP status, 0 for none.
	seen map[int]int
	// failed is when the last read failed, and refusal the last error for want of rights.
	failed  time.Time
	refusal error
}

func (p *probe) read(ctx context.Context, b *bench) {
	p.seen = map[int]int{}
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		_, err := stack.DesiredReplicas(ctx, b.Client.CoreV1().RESTClient(), shop, name(0))
		code := http.StatusOK
		if err != nil {
			code = 0
			if status := apierrors.APIStatus(nil); errors.As(err, &status) {
				code = int(status.Status().Code)
			}
		}
		if ctx.Err() != nil {
			return
		}
		p.seen[code]++
		if err != nil {
			p.failed = time.Now()
		}
		if code == http.StatusForbidden || code == http.StatusUnauthorized {
			p.refusal = err
		}
	}
}

// outage returns the time from the kill until the last read that failed.
func (p *probe) outage(began time.Time) time.Duration { return max(0, p.failed.Sub(began)) }

func (p *probe) codes() (text string) {
	for _, code := range slices.Sorted(maps.Keys(p.seen)) {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d × %d", p.seen[code], code)
	}
	return text
}

var answered = regexp.MustCompile(`(?m)^deepscaler_metric_requests_total\{code="200"\} (\S+)$`)

// reads returns how many reads the adapter has answered.
func (b *bench) reads(ctx context.Context) (int, error) {
	body, err := b.adapter.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	found := answered.FindStringSubmatch(body)
	if found == nil {
		return 0, errors.New("the adapter does not count its answers")
	}
	n, err := strconv.ParseFloat(found[1], 64)
	return int(n), err
}

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/procfs"
)

// way is a way to read.
type way struct {
	name string
	// rate is how many reads are offered per second; 0 makes each connection read as fast as
	// it is answered.
	rate        int
	connections int
	aggregated  bool
}

func (o options) ways() []way {
	return []way{
		{name: fmt.Sprintf("direct, %d/s offered", o.rate), rate: o.rate, connections: o.direct},
		{name: fmt.Sprintf("direct, most (%d connections)", o.direct), connections: o.direct},
		{name: fmt.Sprintf("aggregator, most (%d connections)", o.aggregated), connections: o.aggregated, aggregated: true},
	}
}

// result is what was measured.
type result struct {
	// took has the time of each read that was answered, sorted.
	took []time.Duration
	// refused is how many reads got no number, such as those beyond a limit of the server.
	refused int
	elapsed time.Duration
	// cpu is the processor time of the server's programs.
	cpu time.Duration
}

func (r result) perSecond() float64 { return float64(len(r.took)) / r.elapsed.Seconds() }

// refusedShare returns the share of reads that got no number in percent.
func (r result) refusedShare() float64 {
	return 100 * float64(r.refused) / float64(r.refused+len(r.took))
}

// perRead returns the processor time of a read that was answered, in milliseconds.
func (r result) perRead() float64 { return r.cpu.Seconds() * 1000 / float64(len(r.took)) }

// quantile returns a quantile of the time of a read in milliseconds.
func (r result) quantile(q float64) float64 {
	return r.took[int(q*float64(len(r.took)-1))].Seconds() * 1000
}

// String implements [fmt.Stringer].
func (r result) String() string {
	return fmt.Sprintf("%.0f/s, p50 %.1f ms, p99 %.1f ms, %.3f core-ms per read, %d refused", r.perSecond(), r.quantile(0.5), r.quantile(0.99), r.perRead(), r.refused)
}

// measure reads from a side in a way.
func (b *bench) measure(ctx context.Context, s *side, w way) (result, error) {
	host := s.host
	if w.aggregated {
		host = b.Cluster.RESTConfig().Host
	}
	clients := make([]client, w.connections)
	for i := range clients {
		clients[i] = b.client(host)
	}
	defer func() {
		for _, c := range clients {
			c.CloseIdleConnections()
		}
	}()
	if _, err := w.drive(ctx, clients, s.paths, b.duration/4); err != nil {
		return result{}, err
	}
	before, err := s.processorTime()
	if err != nil {
		return result{}, err
	}
	r, err := w.drive(ctx, clients, s.paths, b.duration)
	if err != nil {
		return result{}, err
	}
	after, err := s.processorTime()
	r.cpu = after - before
	return r, err
}

// client reads over a connection of its own.
type client struct {
	*http.Client

	host, token string
}

func (b *bench) client(host string) client {
	return client{host: host, token: b.token, Client: &http.Client{
		Timeout: time.Minute,
		// What the handshake verifies is made once, and not what is measured.
		Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // see above
	}}
}

// refusal is an answer without a number.
type refusal string

func (r refusal) Error() string { return string(r) }

func (c client) read(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.host+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	// As kube-controller-manager by default.
	request.Header.Set("Accept", "application/vnd.kubernetes.protobuf, */*")
	response, err := c.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return refusal(fmt.Sprintf("GET %s: %s: %.300q", path, response.Status, body))
	}
	return nil
}

// drive reads one path after the other for a time.
func (w way) drive(ctx context.Context, clients []client, paths []string, duration time.Duration) (result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var next atomic.Int64
	var mu sync.Mutex
	var r result
	read := func(c client, due time.Time) {
		err := c.read(ctx, paths[next.Add(1)%int64(len(paths))])
		mu.Lock()
		defer mu.Unlock()
		if _, refused := errors.AsType[refusal](err); refused {
			r.refused++
		} else if err != nil {
			cancel(err)
		} else {
			r.took = append(r.took, time.Since(due))
		}
	}
	began := time.Now()
	for i := range int(duration.Seconds() * float64(w.rate)) {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(w.rate))
		time.Sleep(time.Until(due))
		all.Go(func() { read(clients[i%len(clients)], due) })
	}
	if w.rate == 0 {
		for _, c := range clients {
			all.Go(func() {
				for ctx.Err() == nil && time.Since(began) < duration {
					read(c, time.Now())
				}
			})
		}
	}
	all.Wait()
	r.elapsed = time.Since(began)
	slices.Sort(r.took)
	if err := context.Cause(ctx); err != nil {
		return result{}, err
	}
	if len(r.took) == 0 {
		return result{}, fmt.Errorf("no read was answered, %d were refused", r.refused)
	}
	return r, nil
}

// processorTime returns that of a side's programs so far.
func (s *side) processorTime() (time.Duration, error) {
	var sum float64
	for _, p := range s.programs {
		proc, err := procfs.NewProc(p.PID())
		if err != nil {
			return 0, err
		}
		stat, err := proc.Stat()
		if err != nil {
			return 0, err
		}
		sum += stat.CPUTime()
	}
	return time.Duration(sum * float64(time.Second)), nil
}

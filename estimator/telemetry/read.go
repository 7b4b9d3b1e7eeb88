package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Range is the argument of [Source.Read].
type Range struct {
	// Services are the services to read, in any order.
	Services []estimator.Service
	// End is the time of the last column, moved back to a multiple of the step
	// since the Unix epoch: replicas of the adapter that read at slightly
	// different times get the same columns.
	End time.Time
	// Steps is the number of columns, 1 to 11000.
	Steps int
	// Calls requests the invocation graph.
	Calls bool
	// Checks requests a search for pods with misleading names, for workloads
	// that queries cannot distinguish and for pods that are not scraped: three
	// more queries, every tenth step.
	Checks bool
}

// Read returns the available data in a range, and findings about it in the
// order of the features. The rows of the window are in the order of
// [estimator.Service.Compare].
//
// It returns an *Error only if the answer to a feature's query is missing or
// unusable. Missing data is a finding: see [Require].
//
// The call takes as long as the slowest query, at most the configured timeout
// once its queries have started, and ends at the deadline of ctx.
func (s *Source) Read(ctx context.Context, r Range) (*estimator.Window, []*Error, error) {
	services := slices.Clone(r.Services)
	slices.SortFunc(services, estimator.Service.Compare)
	rows := make(map[estimator.Service]int, len(services))
	for i, service := range services {
		if _, ok := rows[service]; ok {
			return nil, nil, fmt.Errorf("service %s occurs twice", service)
		}
		rows[service] = i
	}
	switch {
	case len(services) == 0:
		return nil, nil, errors.New("no services to read telemetry of")
	case r.Steps < 1 || r.Steps > maxSteps:
		return nil, nil, fmt.Errorf("steps is %d, want 1 to %d", r.Steps, maxSteps)
	}

	end := align(r.End, s.step)
	w := estimator.NewWindow(services, s.features, r.Steps, s.step, end)
	query := s.newQuery(services, time.Duration(r.Steps)*s.step)
	if r.Checks {
		query = s.byOwner(ctx, services, end, query)
	}

	findings := make([][]*Error, len(s.features)+1)
	failures := make([]error, len(s.features))
	var reading sync.WaitGroup
	for c := range s.features {
		reading.Go(func() { findings[c], failures[c] = s.readFeature(ctx, w, c, rows, query) })
	}
	if r.Calls {
		reading.Go(func() { w.Calls, findings[len(s.features)] = s.readCalls(ctx, rows, query, end) })
	}
	reading.Wait()
	if err := worst(failures); err != nil {
		return nil, nil, err
	}
	var checked []*Error
	if r.Checks {
		checked = s.check(ctx, w, query)
	}
	found := slices.Concat(findings...)
	found = append(found, boundStreams(w, s.rateWindow)...)
	if s.limited {
		found = append(found, overused(w)...)
	}
	if s.jaeger == nil { // Traces are samples, so their rates are too low.
		found = append(found, miscounted(w)...)
	}
	return w, append(found, checked...), nil
}

// worst returns the error to report: one of the server, which explains the
// others, or else the first. So one cause has one text.
func worst(errs []error) (first error) {
	for _, err := range errs {
		var e *Error
		if errors.As(err, &e) && e.Kind.ofServer() {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// Window reads the window of τ columns that ends at end, or prometheus.offset
// earlier, for the adapter: the result of [Source.Read], if it satisfies
// [Require].
func (s *Source) Window(ctx context.Context, services []estimator.Service, end time.Time) (*estimator.Window, []*Error, error) {
	return s.Recent(ctx, services, s.steps, end)
}

// Recent is Window with a number of columns of its own.
func (s *Source) Recent(ctx context.Context, services []estimator.Service, steps int, end time.Time) (*estimator.Window, []*Error, error) {
	w, findings, err := s.Read(ctx, Range{Services: services, End: end.Add(-s.offset), Steps: steps, Calls: true, Checks: true})
	if err != nil {
		return nil, nil, err
	}
	warnings, err := Require(w, findings)
	if err != nil {
		return nil, nil, err
	}
	return w, warnings, nil
}

// align uses Unix time, like PromQL backends that align ranges themselves.
func align(t time.Time, step time.Duration) time.Time {
	ms := t.UnixMilli()
	return time.UnixMilli(ms - ms%step.Milliseconds()).UTC()
}

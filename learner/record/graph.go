package record

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// calls are numbers of calls by (source, destination); the source may be
// [estimator.Outside].
type calls map[[2]int]float64

// add adds the calls of g during the given number of steps.
func (c calls) add(g []estimator.Call, steps int) {
	for _, call := range g {
		c[[2]int{call.Source, call.Destination}] += call.Rate * float64(steps)
	}
}

// edges returns the invocation graph. The weight of an edge is the mean number of
// calls for each call of its source, from the mesh, which counts every call, or
// else from the traces. Without any call of the source it is 1. Unused edges are
// left out.
func edges(mesh, traced calls) []estimator.Edge {
	var out []estimator.Edge
	add := func(from, known calls) {
		received := make(map[int]float64)
		for _, pair := range from.pairs() {
			received[pair[1]] += from[pair]
		}
		for _, pair := range from.pairs() {
			n := from[pair]
			if pair[0] == estimator.Outside || n <= 0 || known[pair] > 0 {
				continue
			}
			weight := n / received[pair[0]]
			if math.IsInf(weight, 0) || math.IsNaN(weight) || weight == 0 {
				weight = 1
			}
			out = append(out, estimator.Edge{Source: pair[0], Destination: pair[1], Weight: weight})
		}
	}
	add(mesh, nil)
	add(traced, mesh)
	slices.SortFunc(out, func(a, b estimator.Edge) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Destination, b.Destination))
	})
	return out
}

// pairs returns the keys in a fixed order, so that sums are reproducible to the
// last bit.
func (c calls) pairs() [][2]int {
	return slices.SortedFunc(maps.Keys(c), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}

// traced returns the calls in Jaeger's traces over the whole range, from one
// query: the answer has one number per edge for any range. It is empty without
// Jaeger.
//
// Calls of the mesh and of traces stay separate, because traces are samples.
func (r *recording) traced(ctx context.Context, services []estimator.Service) (calls, error) {
	out := calls{}
	cfg := r.telemetry.Jaeger
	if cfg.URL == "" || !r.calls {
		return out, nil
	}
	cfg.Lookback = max(cfg.Lookback, time.Duration(r.span.steps)*r.step)
	cfg.Timeout = max(cfg.Timeout, r.telemetry.Prometheus.Timeout)
	err := r.retry.do(ctx, func(ctx context.Context) error {
		graph, findings, err := telemetry.Traced(ctx, cfg, services, r.span.last(r.step))
		if err != nil {
			return err
		}
		if err := passing(findings); err != nil {
			return err
		}
		for _, f := range findings {
			r.notices.add(f)
		}
		if graph != nil {
			out.add(graph.Calls, 1)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the graph from Jaeger: %w; without --jaeger-url the graph comes from the mesh alone", err)
	}
	return out, nil
}

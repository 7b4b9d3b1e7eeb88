package telemetry

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"gonum.org/v1/gonum/floats"

	"github.com/deepscaler/deepscaler/estimator"
)

// edge is a pair of rows of a window; source may be [estimator.Outside].
type edge struct{ source, destination int }

// readCalls returns the invocation graph, or nil if unknown, and the problems
// on the way.
//
// The mesh counts every call and Jaeger only sampled ones, so rates come from
// the mesh if it has any edge. Jaeger then adds edges that the mesh lacks, such
// as those through a message queue, at rate 0: their use is unknown, and a
// callee's requests from beyond the mesh already count as calls from outside.
// Without the mesh, the graph is Jaeger's: traced calls per second, without
// calls from outside.
//
// A failure of either source does not fail the window, because some estimators need
// no graph.
func (s *Source) readCalls(ctx context.Context, rows map[estimator.Service]int, query Query, end time.Time) (*estimator.CallGraph, []*Error) {
	var (
		traced     map[edge]float64
		tracedSaid []*Error
		done       = make(chan struct{})
	)
	go func() {
		defer close(done)
		if s.jaeger != nil {
			traced, tracedSaid = s.jaeger.read(ctx, rows, end)
		}
	}()
	calls, said := s.readMesh(ctx, rows, query, end)
	<-done

	if len(traced) > 0 {
		// A mesh without calls is no problem where Jaeger has some.
		said = slices.DeleteFunc(said, func(e *Error) bool { return e.Kind == NoData })
	}
	said = append(said, tracedSaid...)

	if len(calls) == 0 {
		calls = traced
	} else {
		for e := range traced {
			if _, ok := calls[e]; !ok {
				calls[e] = 0
			}
		}
	}
	if len(calls) == 0 {
		return nil, said
	}
	return newCallGraph(calls), said
}

// readMesh returns the calls per second that the mesh counted over the window.
func (s *Source) readMesh(ctx context.Context, rows map[estimator.Service]int, query Query, end time.Time) (map[edge]float64, []*Error) {
	promql, err := render(s.queries[CallsQuery], query)
	if err != nil {
		return nil, []*Error{{Feature: CallsQuery, Kind: Rejected, Err: err, Detail: err.Error()}}
	}
	q := question{CallsQuery, promql, instant(end)}
	value, said, err := s.ask(ctx, q)
	if err != nil {
		return nil, append(said, asError(err))
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, append(said, q.wrong(Malformed, nil, "it is a %s, want a vector", typeOf(value)))
	}
	if !slices.ContainsFunc(vector, func(sample *model.Sample) bool { return sample == nil || sample.Metric["source_workload"] != "" }) && len(vector) > 0 {
		// Otherwise everything would come from outside.
		return nil, append(said, q.wrong(Sourceless, nil, "none of the %d edges has it: the graph is not known", len(vector)))
	}
	calls, impossible := meshCalls(rows, vector)
	if impossible > 0 {
		said = append(said, q.wrong(Impossible, nil, "%d of %d edges have no rate of at least 0 and are left out", impossible, len(vector)))
	}
	if len(calls) == 0 {
		said = append(said, q.wrong(NoData, nil, "none of the %d edges leads to one of the %d services", len(vector), len(rows)))
	}
	return calls, said
}

// meshCalls sums the edges of vector that lead to the services of rows. Other
// sources are [estimator.Outside]: gateways, other applications, and clients
// without a proxy, whose source is "unknown".
func meshCalls(rows map[estimator.Service]int, vector model.Vector) (calls map[edge]float64, impossible int) {
	rates := make(map[edge][]float64)
	for _, sample := range vector {
		if sample == nil {
			impossible++
			continue
		}
		destination, ok := rows[serviceOf(sample.Metric, "destination_workload_namespace", "destination_workload")]
		if !ok {
			continue
		}
		source, ok := rows[serviceOf(sample.Metric, "source_workload_namespace", "source_workload")]
		if !ok {
			source = estimator.Outside
		}
		rate := float64(sample.Value)
		if math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0 || sample.Histogram != nil {
			impossible++
			continue
		}
		e := edge{source, destination}
		rates[e] = append(rates[e], rate)
	}

	calls = make(map[edge]float64, len(rates))
	for e, parts := range rates {
		// Prometheus does not order its answer. A fixed order gives all
		// replicas of the adapter the same sum to the last bit.
		slices.Sort(parts)
		if sum := floats.Sum(parts); !math.IsInf(sum, 0) {
			calls[e] = sum
		} else {
			impossible += len(parts)
		}
	}
	return calls, impossible
}

func newCallGraph(calls map[edge]float64) *estimator.CallGraph {
	g := &estimator.CallGraph{Calls: make([]estimator.Call, 0, len(calls))}
	for e, rate := range calls {
		g.Calls = append(g.Calls, estimator.Call{Source: e.source, Destination: e.destination, Rate: rate})
	}
	slices.SortFunc(g.Calls, func(a, b estimator.Call) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Destination, b.Destination))
	})
	return g
}

package telemetry

import (
	"context"
	"slices"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// readFeature fills channel c of w by one range query. It returns findings
// about the answer, or an error without a usable answer.
//
// Without data, another query finds the reason. If it finds native histograms,
// latency comes from them from then on.
func (s *Source) readFeature(ctx context.Context, w *estimator.Window, c int, rows map[estimator.Service]int, query Query) ([]*Error, error) {
	name := string(w.Features[c])
	if w.Features[c] == estimator.Latency && s.native.Load() {
		name = nativeLatency
	}
	findings, err := s.readQuery(ctx, w, c, rows, query, name)
	if err != nil || name == nativeLatency || !slices.ContainsFunc(findings, func(e *Error) bool { return e.Reason == Native }) {
		return findings, err
	}
	if native, err := s.readQuery(ctx, w, c, rows, query, nativeLatency); err == nil {
		s.native.Store(true)
		return native, nil
	}
	// The server has them, but does not support queries of them.
	return findings, nil
}

// readQuery fills channel c of w with the answer to the query of that name.
func (s *Source) readQuery(ctx context.Context, w *estimator.Window, c int, rows map[estimator.Service]int, query Query, name string) ([]*Error, error) {
	feature := string(w.Features[c])
	promql, err := render(s.queries[name], query)
	if err != nil {
		return nil, &Error{Feature: feature, Kind: Rejected, Err: err, Detail: err.Error()}
	}
	q := question{feature, promql, v1.Range{Start: w.Time(0), End: w.End, Step: w.Step}}
	value, findings, err := s.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, q.wrong(Malformed, nil, "it is a %s, want a matrix", typeOf(value))
	}
	found, err := fill(w, c, rows, matrix)
	if err != nil {
		return nil, q.wrong(Malformed, err, "%v", err)
	}
	if found.impossible > 0 {
		findings = append(findings, q.wrong(Impossible, nil, "%d of them count as missing", found.impossible))
	}
	if len(found.similar) > 0 {
		findings = append(findings, q.wrong(Misnamed, nil, "%s", strings.Join(found.similar, ", ")))
	}
	if lack := found.lack(w); lack != nil {
		lack.Feature, lack.Query = feature, oneLine(promql)
		s.explainLack(ctx, q, lack, w.Services)
		findings = append(findings, lack)
	}
	return findings, nil
}

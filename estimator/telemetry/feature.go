package telemetry

import (
	"context"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// readFeature fills channel c of w by one range query. It returns what of the
// answer is missing or odd, or an error when there is no answer to use.
func (s *Source) readFeature(ctx context.Context, w *estimator.Window, c int, rows map[estimator.Service]int, query Query) ([]*Error, error) {
	feature := string(w.Features[c])
	promql, err := render(s.queries[feature], query)
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
	if lack := found.lack(w); lack != nil {
		lack.Feature, lack.Query = feature, oneLine(promql)
		findings = append(findings, lack)
	}
	return findings, nil
}

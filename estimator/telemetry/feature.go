package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// readFeature fills channel c of w by one range query.
func (s *Source) readFeature(ctx context.Context, w *estimator.Window, c int, rows map[estimator.Service]int, query Query) ([]Warning, error) {
	feature := w.Features[c]
	promql, err := render(s.queries[string(feature)], query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", feature, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	value, said, _, err := s.prometheus.QueryRange(ctx, promql,
		v1.Range{Start: w.Time(0), End: w.End, Step: w.Step}, v1.WithTimeout(s.timeout))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", feature, explain(err, promql, s))
	}
	warnings := fromPrometheus(string(feature), said)

	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("%s: answer is a %s, want a matrix", feature, typeOf(value))
	}
	found, err := fill(w, c, rows, matrix)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; query: %s", feature, err, oneLine(promql))
	}
	if found.impossible > 0 {
		warnings = append(warnings, Warning{string(feature),
			fmt.Errorf("%d samples are negative or infinite and count as missing", found.impossible)})
	}
	if err := found.usable(w); err != nil {
		if errors.Is(err, ErrNoData) {
			err = fmt.Errorf("%w%s", err, hint(feature))
		}
		err = fmt.Errorf("%w; query: %s", err, oneLine(promql))
		switch {
		case required(feature):
			return nil, fmt.Errorf("%s: %w", feature, err)
		case feature == estimator.Latency && errors.Is(err, ErrStale):
			// No request at the end of the window, no latency there.
		default:
			warnings = append(warnings, Warning{string(feature), err})
		}
	}
	return warnings, nil
}

// required reports whether nothing can be estimated without the feature.
func required(f estimator.Feature) bool {
	return f == estimator.Replicas || f == estimator.CPU || f == estimator.Requests
}

// dropExpected removes the warning that latency is unknown when that is because
// no request was answered during w.
func dropExpected(warnings []Warning, w *estimator.Window) []Warning {
	if c := w.Channel(estimator.Requests); c >= 0 {
		for n := range w.Services {
			for t := range w.Steps {
				if w.At(n, t, c) > 0 {
					return warnings
				}
			}
		}
	}
	return slices.DeleteFunc(warnings, func(warning Warning) bool {
		return warning.Source == string(estimator.Latency) && errors.Is(warning.Err, ErrNoData)
	})
}

func hint(f estimator.Feature) string {
	switch f {
	default:
		return ""
	case estimator.CPU, estimator.Memory:
		return fmt.Sprintf(" (do the containers have %s limits? if not, preset %s may serve)", f, PresetIstioResourceRequests)
	case estimator.Requests:
		return " (are the pods part of the mesh, and has there been a first request?)"
	}
}

func render(t *template.Template, query Query) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, query); err != nil {
		return "", fmt.Errorf("fill in query: %w", err)
	}
	return b.String(), nil
}

// explain makes an error of client_golang say what to do about it.
func explain(err error, promql string, s *Source) error {
	var api *v1.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer from %s within %v (prometheus.timeout) or the caller's deadline: %w", s.server.base.Redacted(), s.timeout, err)
	case !errors.As(err, &api):
		return err
	case api.Type == v1.ErrClient:
		return fmt.Errorf("%s refuses the query (check prometheus.url, and for 401 or 403 the credentials under prometheus.http): %w", s.server.base.Redacted(), err)
	case api.Type == v1.ErrServer, api.Type == v1.ErrBadResponse:
		// Where the query timed out or was aborted, the body says so.
		return fmt.Errorf("unusable answer from %s: %w %.200s", s.server.base.Redacted(), err, oneLine(api.Detail))
	}
	return fmt.Errorf("prometheus rejects the query: %w; query: %s", err, oneLine(promql))
}

func fromPrometheus(source string, said v1.Warnings) []Warning {
	var out []Warning
	for _, text := range said {
		out = append(out, Warning{source, fmt.Errorf("prometheus warns: %s", text)})
	}
	return out
}

// typeOf names the type of an answer. An answer without data is nil.
func typeOf(v model.Value) string {
	if v == nil {
		return "success without data"
	}
	return v.Type().String()
}

// oneLine makes a text fit for an error message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

package record

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// A source always asks for the invocation graph and for at least one feature.
// Where one of them is not wanted, this query takes its place: it costs
// Prometheus nothing and has no result.
const (
	nothing      = estimator.Feature("nothing")
	nothingQuery = "vector(0) > 1"
)

// reader reads windows of any length, whether or not telemetry had gaps then.
type reader struct {
	// telemetry has no Jaeger, which is asked once, for the whole range.
	telemetry telemetry.Config
	jaeger    telemetry.Jaeger
	services  []estimator.Service
	features  []estimator.Feature
	step      time.Duration
	// graph says that the invocation graph is wanted.
	graph   bool
	retry   retrier
	notices *notices
}

// read returns the window of the given number of steps from first on.
//
// A source refuses a window in which a feature that the adapter cannot do
// without is absent, or absent at the end. History has such windows, and what
// else they hold is of use: then every feature is read by itself.
func (r *reader) read(ctx context.Context, first time.Time, steps int) (*estimator.Window, error) {
	end := first.Add(time.Duration(steps-1) * r.step)
	w, err := r.window(ctx, r.features, steps, end, r.graph)
	if !absent(err) {
		return w, err
	}
	w = estimator.NewWindow(r.services, r.features, steps, r.step, end)
	for c := range r.features {
		if err := r.readFeature(ctx, w, c, 0, steps); err != nil {
			return nil, err
		}
	}
	if r.graph {
		mesh, err := r.window(ctx, []estimator.Feature{nothing}, steps, end, true)
		if err != nil {
			return nil, err
		}
		w.Calls = mesh.Calls
	}
	return w, nil
}

// absent reports an error that says that there are no samples, rather than that
// they could not be read.
func absent(err error) bool {
	return errors.Is(err, telemetry.ErrNoData) || errors.Is(err, telemetry.ErrStale)
}

// readFeature reads the columns from up to to of channel c. A source tells that
// samples end too early but does not return them, so that the columns are halved
// until the parts end with a sample or have none: 2·log₂(columns) queries for
// a gap.
func (r *reader) readFeature(ctx context.Context, into *estimator.Window, c, from, to int) error {
	feature := r.features[c]
	w, err := r.window(ctx, []estimator.Feature{feature}, to-from, into.Time(to-1), false)
	switch {
	case errors.Is(err, telemetry.ErrStale) && to-from > 1:
		middle := (from + to) / 2
		if err := r.readFeature(ctx, into, c, from, middle); err != nil {
			return err
		}
		return r.readFeature(ctx, into, c, middle, to)
	case absent(err):
		r.notices.warn(telemetry.Warning{Source: string(feature), Err: err})
		return nil
	case err != nil:
		return err
	}
	for n := range w.Services {
		for t := range w.Steps {
			into.Set(n, from+t, c, w.At(n, t, 0))
		}
	}
	return nil
}

// window reads one window, with the patience of the retrier.
func (r *reader) window(ctx context.Context, features []estimator.Feature, steps int, end time.Time, graph bool) (*estimator.Window, error) {
	source, err := telemetry.New(r.queries(features, graph), features, steps, r.step)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var (
		w        *estimator.Window
		warnings []telemetry.Warning
	)
	if err := r.retry.do(ctx, func(ctx context.Context) (err error) {
		w, warnings, err = source.Window(ctx, r.services, end)
		if err != nil {
			return err
		}
		return unreachable(warnings)
	}); err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		if warning.Source != string(nothing) && (graph || warning.Source != telemetry.CallsQuery) {
			r.notices.warn(warning)
		}
	}
	return w, nil
}

// unreachable returns the warning that is a transient error. A window does
// without what could not be asked; a recording asks again.
func unreachable(warnings []telemetry.Warning) error {
	for _, warning := range warnings {
		if transient(warning.Err) {
			return warning.Err
		}
	}
	return nil
}

// queries returns the configuration of a source of the features alone.
func (r *reader) queries(features []estimator.Feature, graph bool) telemetry.Config {
	cfg := r.telemetry
	cfg.Queries = maps.Clone(cfg.Queries)
	if cfg.Queries == nil {
		cfg.Queries = map[string]string{}
	}
	kept := map[string]bool{telemetry.CallsQuery: true}
	for _, f := range features {
		kept[string(f)] = true
	}
	maps.DeleteFunc(cfg.Queries, func(name, _ string) bool { return !kept[name] })
	if kept[string(nothing)] {
		cfg.Queries[string(nothing)] = nothingQuery
	}
	if !graph {
		cfg.Queries[telemetry.CallsQuery] = nothingQuery
	}
	return cfg
}

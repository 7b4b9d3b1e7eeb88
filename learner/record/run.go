package record

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/learner/history"
)

// bytesPerSample is the size of one sample in an answer of Prometheus. strangers
// is how many times the requested services an answer may contain, because
// queries select a namespace, not services.
const (
	bytesPerSample = 40
	strangers      = 8
)

// recording is a run of a [Config].
type recording struct {
	*Config

	source   *telemetry.Source
	retry    retrier
	progress *progress
	notices  notices
	calls    bool // whether the graph is read
}

// Run records the range. If it fails or ctx ends, it writes no output.
func (c *Config) Run(ctx context.Context) error {
	if err := c.record(ctx); err != nil {
		return explained{err}
	}
	return nil
}

// explained is an error with all details in its text.
type explained struct{ error }

// Error implements error.
func (e explained) Error() string { return telemetry.Explain(e.error) }

// Unwrap returns the error without details.
func (e explained) Unwrap() error { return e.error }

// Read returns the range and the invocation graph, and writes no file.
func (c *Config) Read(ctx context.Context) (*estimator.Window, []estimator.Edge, error) {
	r, w, graph, err := c.read(ctx)
	if err != nil {
		return nil, nil, explained{err}
	}
	r.summarise(w, graph)
	return w, graph, nil
}

func (c *Config) record(ctx context.Context) error {
	if err := c.free(); err != nil {
		return err
	}
	r, w, graph, err := c.read(ctx)
	if err != nil {
		return err
	}
	if err := r.write(w, graph); err != nil {
		return err
	}
	r.summarise(w, graph)
	return nil
}

func (c *Config) read(ctx context.Context) (*recording, *estimator.Window, []estimator.Edge, error) {
	mesh := c.telemetry
	mesh.Jaeger = telemetry.Jaeger{} // queried once, for the whole range
	source, err := telemetry.New(mesh, c.features, c.columns, c.step)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("telemetry: %w", err)
	}
	defer source.Close()
	p := &progress{out: c.out, now: c.now}
	r := &recording{Config: c, source: source, progress: p, notices: notices{line: p.line}, calls: c.graph}
	r.retry = retrier{attempts: c.attempts, wait: c.wait, line: p.line}

	services, err := r.whom(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	traced, err := r.traced(ctx, services)
	if err != nil {
		return nil, nil, nil, err
	}
	w, counted, err := r.collect(ctx, services)
	if err != nil {
		return nil, nil, nil, err
	}
	if known(w.Values) == 0 {
		return nil, nil, nil, fmt.Errorf("prometheus has no data at all for the %d services from %s to %s: check --namespace, --services and the range: %w",
			len(services), w.Time(0).Format(time.RFC3339), w.End.Format(time.RFC3339), r.notices.whyEmpty(r.features))
	}
	if len(r.namespaces) == 1 {
		w.Services = bare(w.Services)
	}
	return r, w, edges(counted, traced), nil
}

// whom returns the sorted services to record.
func (r *recording) whom(ctx context.Context) ([]estimator.Service, error) {
	services := r.services
	if len(services) == 0 {
		var err error
		if services, err = r.discover(ctx); err != nil {
			return nil, err
		}
		if err := r.writable(services); err != nil {
			return nil, fmt.Errorf("services of the mesh: %w; name yours with --services", err)
		}
		r.progress.line("found %d services: %s", len(services), strings.Join(estimator.ServiceNames(services), ", "))
	}
	if cells := r.span.steps * len(services) * len(r.features); cells > history.MaxCells {
		return nil, fmt.Errorf("%d steps of %d services and %d features are %d values, of which a series may have %d: shorten the range or lengthen --step",
			r.span.steps, len(services), len(r.features), cells, history.MaxCells)
	}
	return services, nil
}

// collect reads the range, chunk by chunk, and the calls that the mesh counted.
func (r *recording) collect(ctx context.Context, services []estimator.Service) (*estimator.Window, calls, error) {
	whole := estimator.NewWindow(services, r.features, r.span.steps, r.step, r.span.last(r.step))
	columns := r.piece(len(services))
	counted := calls{}
	r.progress.begin(whole.Steps, len(services))
	for done := 0; done < whole.Steps; {
		steps := min(columns, whole.Steps-done)
		w, err := r.readPiece(ctx, services, whole.Time(done+steps-1), steps)
		if err != nil {
			what := "stopped"
			if errors.Is(err, context.Canceled) {
				what = "interrupted"
			}
			return nil, nil, fmt.Errorf("%s after %d of %d steps, nothing is written: %w", what, done, whole.Steps, err)
		}
		for t := range w.Steps {
			for n := range w.Services {
				for c := range w.Features {
					whole.Set(n, done+t, c, w.At(n, t, c))
				}
			}
		}
		if w.Calls != nil {
			counted.add(w.Calls.Calls, steps)
		}
		done += steps
		r.progress.show(done)
	}
	return whole, counted, nil
}

// piece returns the number of steps of one query.
func (r *recording) piece(services int) int {
	most := r.telemetry.Prometheus.MaxResponseBytes / strangers / bytesPerSample / int64(services)
	return int(min(int64(r.columns), max(most, 1)))
}

// readPiece returns the window of the given number of steps that ends at end, and
// retries transient failures. A channel whose answer stays partial is missing.
func (r *recording) readPiece(ctx context.Context, services []estimator.Service, end time.Time, steps int) (w *estimator.Window, err error) {
	var findings []*telemetry.Error
	err = r.retry.do(ctx, func(ctx context.Context) (err error) {
		w, findings, err = r.source.Read(ctx, telemetry.Range{Services: services, End: end, Steps: steps, Calls: r.calls, Checks: true})
		if err != nil {
			return err
		}
		return passing(findings)
	})
	if err != nil && !errors.Is(err, telemetry.Partial) {
		return nil, err
	}
	for _, f := range findings {
		r.notices.add(f)
		if f.Kind != telemetry.Partial {
			continue
		}
		if f.Feature == telemetry.CallsQuery {
			w.Calls = nil
		} else {
			blank(w, w.Channel(estimator.Feature(f.Feature)))
		}
	}
	return w, nil
}

// blank makes every sample of a channel missing.
func blank(w *estimator.Window, c int) {
	for n := range w.Services {
		for t := range w.Steps {
			w.Set(n, t, c, math.NaN())
		}
	}
}

// passing returns a transient finding, a partial answer only as the last choice.
// A window goes without such data; a recording reads it again.
func passing(findings []*telemetry.Error) (found error) {
	for _, f := range findings {
		switch {
		case f.Kind == telemetry.Partial:
			found = f
		case f.Kind.Transient():
			return f
		}
	}
	return found
}

// bare returns services without their namespace.
func bare(services []estimator.Service) []estimator.Service {
	out := make([]estimator.Service, len(services))
	for i, s := range services {
		out[i].Name = s.Name
	}
	return out
}

// known counts the values that are not missing.
func known(values []float64) (n int) {
	for _, v := range values {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

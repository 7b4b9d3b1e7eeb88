package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// bytesPerSample is what one sample takes in an answer of Prometheus, and
// strangers how many times the services asked for may be in it: queries select a
// namespace, not services.
const (
	bytesPerSample = 40
	strangers      = 8
)

// recording is a run of a [Config].
type recording struct {
	*Config

	journal  *journal
	reader   *reader
	retry    retrier
	notices  *notices
	progress *progress
	edges    int // of the graph that was written
}

// Run records the range, or what is missing of it. When it fails or ctx ends,
// what was recorded is kept, and the next Run of the same flags goes on there.
func (c *Config) Run(ctx context.Context) error {
	if err := c.record(ctx); err != nil {
		return explained{err}
	}
	return nil
}

// explained is an error whose text says all that is known.
type explained struct{ error }

// Error implements error.
func (e explained) Error() string { return telemetry.Explain(e.error) }

// Unwrap returns the error as it was.
func (e explained) Unwrap() error { return e.error }

func (c *Config) record(ctx context.Context) error {
	p := &progress{terminal: c.terminal}
	defer p.end()
	r := &recording{
		Config:   c,
		retry:    retrier{attempts: c.attempts, wait: c.wait, say: p.say},
		notices:  newNotices(p.say),
		progress: p,
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	defer r.journal.close()
	r.reader = r.newReader()
	if err := r.collect(ctx); err != nil {
		return r.interrupted(err)
	}
	if r.empty() {
		// There is nothing to go on with.
		if err := os.Remove(r.journal.path); err != nil {
			return err
		}
		return fmt.Errorf("prometheus has no data at all for the %d services of namespace %s from %s to %s: check --namespace, --services and the range; %w",
			len(r.journal.Services), r.namespace, r.at(0), r.at(r.journal.Steps-1), r.whyEmpty())
	}
	if err := r.finish(ctx); err != nil {
		return r.interrupted(err)
	}
	r.summarise()
	return nil
}

func (r *recording) partial() string { return r.out + ".partial" }

func (r *recording) newReader() *reader {
	cfg := r.telemetry
	cfg.Jaeger = telemetry.Jaeger{}
	services := make([]estimator.Service, len(r.journal.Services))
	for i, name := range r.journal.Services {
		services[i] = estimator.Service{Namespace: r.namespace, Name: name}
	}
	return &reader{
		telemetry: cfg, jaeger: r.telemetry.Jaeger, services: services, features: r.features, step: r.step,
		graph: r.graphOut != "", retry: r.retry, notices: r.notices,
	}
}

// collect reads the chunks that the journal lacks.
func (r *recording) collect(ctx context.Context) error {
	j := r.journal
	most := r.telemetry.Prometheus.MaxResponseBytes / strangers / bytesPerSample / int64(len(j.Services))
	columns := int(min(int64(r.columns), max(most, 1)))
	r.progress.begin(j.done(), j.Steps)
	for done := j.done(); done < j.Steps; {
		if err := ctx.Err(); err != nil {
			return err
		}
		steps := min(columns, j.Steps-done)
		w, err := r.reader.read(ctx, r.time(done), steps)
		if err != nil {
			return err
		}
		_, rows, err := encode(w)
		if err != nil {
			return err
		}
		c := chunk{Steps: steps, Present: present(w)}
		if w.Calls != nil {
			c.Calls = w.Calls.Calls
		}
		if err := j.add(c, rows); err != nil {
			return err
		}
		done += steps
		r.progress.show(done)
	}
	r.progress.end()
	return nil
}

// time returns the time of a step, which is not what the flags mean by now but
// what they meant when the recording began.
func (r *recording) time(step int) time.Time {
	return r.journal.First.Add(time.Duration(step) * r.step)
}

func (r *recording) at(step int) string { return r.time(step).Format(time.RFC3339) }

// interrupted says how to go on after err.
func (r *recording) interrupted(err error) error {
	what := "stopped"
	if errors.Is(err, context.Canceled) {
		what = "interrupted"
	}
	return fmt.Errorf("%s after %d of %d steps, which are in %s: run the same command again to go on, or with --restart to begin anew: %w",
		what, r.journal.done(), r.journal.Steps, r.journal.path, err)
}

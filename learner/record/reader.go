package record

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Reader reads histories into memory, for a program that learns as they grow.
type Reader struct {
	telemetry telemetry.Config
	// Note, unless nil, receives warnings about telemetry, each once in a reading.
	Note func(text string)
}

// readerQueries is the number of queries at a time: what is read is not urgent, and
// others need Prometheus too.
const readerQueries = 2

// NewReader returns a reader with the telemetry section of the adapter's
// configuration file.
func NewReader(configFile string) (*Reader, error) {
	o := NewOptions()
	o.ConfigFile, o.Step = configFile, 0
	cfg, err := o.telemetry()
	if err != nil {
		return nil, err
	}
	cfg.Prometheus.MaxConcurrentQueries = min(readerQueries, cfg.Prometheus.MaxConcurrentQueries)
	return &Reader{telemetry: cfg}, nil
}

// Recent are the newest steps of a history.
type Recent struct {
	// Services are those to read, and Features the channels.
	Services []estimator.Service
	Features []estimator.Feature
	// Step is the time between two of Steps steps, the last of which ends at End or
	// before.
	Step  time.Duration
	Steps int
	End   time.Time
}

// Read returns as many of the steps as Prometheus has, and the invocation graph over
// them, nil if unknown. It reads piece by piece, the newest first, and stops at a piece
// without a sample. Without any sample the window has no steps.
func (r *Reader) Read(ctx context.Context, q Recent) (*estimator.Window, []estimator.Edge, error) {
	w, graph, err := r.read(ctx, q)
	if err != nil {
		return nil, nil, explained{err}
	}
	return w, graph, nil
}

func (r *Reader) read(ctx context.Context, q Recent) (*estimator.Window, []estimator.Edge, error) {
	cfg := r.telemetry
	cfg.RateWindow = max(cfg.RateWindow, q.Step)
	mesh := cfg
	mesh.Jaeger = telemetry.Jaeger{}
	o := NewOptions()
	source, err := telemetry.New(mesh, q.Features, o.Columns, q.Step)
	if err != nil {
		return nil, nil, fmt.Errorf("telemetry: %w", err)
	}
	defer source.Close()
	line := func(format string, args ...any) {
		if r.Note != nil {
			r.Note(fmt.Sprintf(format, args...))
		}
	}
	last := time.UnixMilli(q.End.Add(-cfg.Prometheus.Offset).UnixMilli() / q.Step.Milliseconds() * q.Step.Milliseconds()).UTC()
	first := last.Add(-time.Duration(q.Steps-1) * q.Step)
	c := &Config{telemetry: cfg, features: q.Features, step: q.Step, span: span{first, q.Steps}, columns: o.Columns, attempts: o.Attempts, out: io.Discard, wait: sleep}
	run := &recording{Config: c, source: source, notices: notices{line: line}, calls: true}
	run.retry = retrier{attempts: c.attempts, wait: c.wait, line: line}

	services := slices.Clone(q.Services)
	slices.SortFunc(services, estimator.Service.Compare)
	whole := estimator.NewWindow(services, q.Features, q.Steps, q.Step, last)
	counted, from := calls{}, q.Steps
	for from > 0 {
		steps := min(run.piece(len(services)), from)
		w, err := run.readPiece(ctx, services, whole.Time(from-1), steps)
		if err != nil {
			return nil, nil, err
		}
		if known(w.Values) == 0 {
			break
		}
		from -= steps
		copy(whole.Slice(estimator.Range{From: from, To: from + steps}).Values, w.Values)
		if w.Calls != nil {
			counted.add(w.Calls.Calls, steps)
		}
	}
	width := len(services) * len(q.Features)
	for from < q.Steps && known(whole.Values[from*width:(from+1)*width]) == 0 {
		from++
	}
	whole = whole.Slice(estimator.Range{From: from, To: q.Steps})
	if whole.Steps == 0 {
		return whole, nil, nil
	}
	run.span = span{whole.Start(), whole.Steps}
	traced, err := run.traced(ctx, services)
	if err != nil {
		line("%s", telemetry.Explain(err)) // the mesh's own graph is enough
		traced = calls{}
	}
	return whole, edges(counted, traced), nil
}

// Package tracing sends the calls of sampled requests as OpenTelemetry spans, from which a
// tracing backend draws the invocation graph. Each call has a client and a server span.
package tracing

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

const (
	// interval is the time between two batches of spans.
	interval = time.Second
	// backlog bounds the spans that wait; more are dropped, as a tracing library does.
	backlog = 16384
	// uploadTimeout bounds the delay that a hanging backend causes for the next
	// batch.
	uploadTimeout = 5 * time.Second
)

// Exporter collects spans and sends them in batches.
type Exporter struct {
	client   otlptrace.Client
	services []string
	began    time.Time
	run      uint64

	mu      sync.Mutex
	pending []simulation.Span
	dropped uint64
}

// New returns an exporter to an OTLP/HTTP endpoint such as http://127.0.0.1:4318. began
// is the time of second 0 of the simulation; run distinguishes the traces of this run
// from those of others.
func New(endpoint string, services []string, began time.Time, run uint64) (*Exporter, error) {
	if !strings.HasPrefix(endpoint, "http://") && !strings.HasPrefix(endpoint, "https://") {
		return nil, fmt.Errorf("OTLP endpoint %q: want a URL such as http://127.0.0.1:4318", endpoint)
	}
	url := strings.TrimSuffix(endpoint, "/") + "/v1/traces"
	return &Exporter{client: otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(url)), services: services, began: began, run: run}, nil
}

// Add queues a span. It never waits.
func (x *Exporter) Add(s simulation.Span) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.pending) == backlog {
		x.dropped++
		return
	}
	x.pending = append(x.pending, s)
}

// Run sends queued spans until ctx ends, and then the rest. Failures to send lose spans
// and are passed to report.
func (x *Exporter) Run(ctx context.Context, report func(error)) error {
	if err := x.client.Start(ctx); err != nil {
		return fmt.Errorf("start sending spans: %w", err)
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return x.finish(context.WithoutCancel(ctx), report)
		case <-ticker.C:
			x.flush(ctx, report)
		}
	}
}

func (x *Exporter) finish(ctx context.Context, report func(error)) error {
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	x.flush(ctx, report)
	return x.client.Stop(ctx)
}

func (x *Exporter) flush(ctx context.Context, report func(error)) {
	x.mu.Lock()
	spans, dropped := x.pending, x.dropped
	x.pending, x.dropped = nil, 0
	x.mu.Unlock()
	if dropped > 0 {
		report(fmt.Errorf("%d spans dropped: the tracing backend is too slow or the sampling rate too high", dropped))
	}
	if len(spans) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	if err := x.client.UploadTraces(ctx, x.resources(spans)); err != nil {
		report(fmt.Errorf("send %d spans: %w", len(spans), err))
	}
}

// resources groups spans by the service that emits them.
func (x *Exporter) resources(spans []simulation.Span) []*tracepb.ResourceSpans {
	emitted := make([][]*tracepb.Span, len(x.services))
	for i := range spans {
		s := &spans[i]
		server := x.span(s, tracepb.Span_SPAN_KIND_SERVER, serverID(s.ID))
		emitted[s.Destination] = append(emitted[s.Destination], server)
		if s.Source == simulation.Outside {
			continue
		}
		client := x.span(s, tracepb.Span_SPAN_KIND_CLIENT, clientID(s.ID))
		client.ParentSpanId = serverID(s.Parent)
		server.ParentSpanId = client.SpanId
		emitted[s.Source] = append(emitted[s.Source], client)
	}
	var resources []*tracepb.ResourceSpans
	for i, spans := range emitted {
		if len(spans) > 0 {
			resources = append(resources, &tracepb.ResourceSpans{
				Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", x.services[i])}},
				ScopeSpans: []*tracepb.ScopeSpans{{Scope: &commonpb.InstrumentationScope{Name: "testbed"}, Spans: spans}},
			})
		}
	}
	return resources
}

func (x *Exporter) span(s *simulation.Span, kind tracepb.Span_SpanKind, id []byte) *tracepb.Span {
	status := tracepb.Status_STATUS_CODE_OK
	if s.Code >= 500 {
		status = tracepb.Status_STATUS_CODE_ERROR
	}
	trace := binary.BigEndian.AppendUint64(nil, x.run)
	return &tracepb.Span{
		TraceId: binary.BigEndian.AppendUint64(trace, s.Trace), SpanId: id,
		Name: s.Endpoint, Kind: kind,
		StartTimeUnixNano: x.nanos(s.Start), EndTimeUnixNano: x.nanos(s.End),
		Attributes: []*commonpb.KeyValue{{Key: "http.response.status_code", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(s.Code)}}}},
		Status:     &tracepb.Status{Code: status},
	}
}

func (x *Exporter) nanos(second float64) uint64 {
	return uint64(x.began.Add(time.Duration(second * float64(time.Second))).UnixNano())
}

func serverID(call uint64) []byte { return binary.BigEndian.AppendUint64(nil, 2*call) }
func clientID(call uint64) []byte { return binary.BigEndian.AppendUint64(nil, 2*call+1) }

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

package tracing

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// send passes spans through a real exporter to a collector, and returns what the
// collector got, by service.
func send(t *testing.T, spans []simulation.Span, status int) (got map[string][]*tracepb.Span, errs []error) {
	t.Helper()
	got = make(map[string][]*tracepb.Span)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := new(collectorpb.ExportTraceServiceRequest)
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, request) != nil {
			t.Errorf("%s %s: not an OTLP request", r.Method, r.URL)
		}
		for _, rs := range request.ResourceSpans {
			name := rs.Resource.Attributes[0].Value.GetStringValue()
			for _, ss := range rs.ScopeSpans {
				got[name] = append(got[name], ss.Spans...)
			}
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	x, err := New(server.URL, []string{"front", "back"}, time.Unix(1000, 0), 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spans {
		x.Add(s)
	}
	// What is queued is sent on the way out.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := x.Run(ctx, func(err error) { errs = append(errs, err) }); err != nil {
		t.Fatal(err)
	}
	return got, errs
}

// A call is a client span of the caller that is the parent of a server span of the
// callee: from that Jaeger draws the edge caller → callee.
func TestSpansOfOneRequest(t *testing.T) {
	got, errs := send(t, []simulation.Span{
		{Trace: 3, Source: 0, Destination: 1, ID: 2, Parent: 1, Endpoint: "get", Start: 1.25, End: 1.5, Code: 500},
		{Trace: 3, Source: simulation.Outside, Destination: 0, ID: 1, Endpoint: "GET /", Start: 1, End: 2, Code: 200},
	}, http.StatusOK)
	if len(errs) != 0 || len(got["front"]) != 2 || len(got["back"]) != 1 {
		t.Fatalf("errors %v, spans %v", errs, got)
	}
	server := got["back"][0]
	var client, entry *tracepb.Span
	for _, s := range got["front"] {
		if s.Kind == tracepb.Span_SPAN_KIND_CLIENT {
			client = s
		} else {
			entry = s
		}
	}
	if !bytes.Equal(server.ParentSpanId, client.SpanId) || !bytes.Equal(client.ParentSpanId, entry.SpanId) || len(entry.ParentSpanId) != 0 {
		t.Errorf("spans do not hang together: %v", got)
	}
	for _, s := range []*tracepb.Span{server, client, entry} {
		if len(s.TraceId) != 16 || binary.BigEndian.Uint64(s.TraceId) != 7 || binary.BigEndian.Uint64(s.TraceId[8:]) != 3 {
			t.Errorf("the trace is %x, want that of run 7 and request 3", s.TraceId)
		}
	}
	if server.StartTimeUnixNano != 1001_250_000_000 || server.EndTimeUnixNano != 1001_500_000_000 {
		t.Errorf("the call lasts from %d to %d", server.StartTimeUnixNano, server.EndTimeUnixNano)
	}
	if server.Status.Code != tracepb.Status_STATUS_CODE_ERROR || entry.Status.Code != tracepb.Status_STATUS_CODE_OK {
		t.Errorf("status %v of a failure, %v of a success", server.Status, entry.Status)
	}
}

func TestRefusalsAreReported(t *testing.T) {
	if _, errs := send(t, []simulation.Span{{Trace: 1, ID: 1, Source: simulation.Outside}}, http.StatusBadRequest); len(errs) != 1 {
		t.Errorf("errors %v, want one", errs)
	}
	if _, err := New("127.0.0.1:4318", nil, time.Unix(0, 0), 1); err == nil {
		t.Error("an endpoint without a scheme was accepted")
	}
}

// A backend that does not keep up costs spans, not memory.
func TestBacklogIsBounded(t *testing.T) {
	x, err := New("http://127.0.0.1:1", []string{"front"}, time.Unix(0, 0), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(backlog + 10) {
		x.Add(simulation.Span{ID: i})
	}
	if len(x.pending) != backlog || x.dropped != 10 {
		t.Errorf("%d spans wait, %d were dropped", len(x.pending), x.dropped)
	}
}

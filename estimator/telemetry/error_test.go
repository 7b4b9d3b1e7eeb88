package telemetry

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

// The text of an error is served to readers of a namespace and compared from one
// tick to the next: it must not differ, and must not show where Prometheus is.
func TestErrorTextsAreStable(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*fakePrometheus)
		want  string
		kind  Kind
	}{
		"down":      {func(f *fakePrometheus) { f.all(answer(503, "text/plain", time.Now().String())) }, "prometheus: failed to answer", Failed},
		"denied":    {func(f *fakePrometheus) { f.all(answer(403, "text/plain", "no")) }, "prometheus: refuses the credentials", Denied},
		"limited":   {func(f *fakePrometheus) { f.all(answer(429, "text/plain", "slow down")) }, "prometheus: limits the rate of queries", Limited},
		"one fails": {func(f *fakePrometheus) { f.handlers["memory"] = answer(503, "text/plain", "no") }, "prometheus: failed to answer", Failed},
		"rejected": {func(f *fakePrometheus) {
			f.handlers["cpu"] = answer(400, "application/json", `{"status":"error","errorType":"bad_data","error":"parse error"}`)
		}, "cpu: the query is rejected", Rejected},
		"server before query": {func(f *fakePrometheus) {
			f.handlers["cpu"] = answer(200, "application/json", `{"status":"success"}`)
			f.handlers["memory"] = answer(503, "text/plain", "no")
		}, "prometheus: failed to answer", Failed},
		"no data": {func(f *fakePrometheus) { f.series["requests"] = nil }, "requests: no data", NoData},
		"stale":   {func(f *fakePrometheus) { f.now = f.now.Add(-testStep) }, "replicas: telemetry is stale", Stale},
		"two missing": {func(f *fakePrometheus) {
			f.series["requests"], f.series["cpu"] = nil, nil
		}, "cpu: no data", NoData},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			tc.spoil(fake)
			s := newSource(t, fake)
			for range 3 {
				_, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd)
				var e *Error
				if !errors.As(err, &e) || e.Kind != tc.kind || !errors.Is(err, tc.kind) {
					t.Fatalf("error %v, want one of kind %q", err, tc.kind)
				}
				if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
					t.Errorf("text (-want +got):\n%s", diff)
				}
				if !strings.Contains(Explain(fmt.Errorf("window: %w", err)), e.Detail) || e.Detail == "" || e.Query == "" {
					t.Errorf("explained as %q", Explain(err))
				}
			}
		})
	}
}

// all makes the handler answer every query.
func (f *fakePrometheus) all(h http.HandlerFunc) {
	for query := range f.series {
		f.handlers[query] = h
	}
}

func TestExplainOfAnotherError(t *testing.T) {
	if got := Explain(io.EOF); got != "EOF" {
		t.Errorf("explained as %q", got)
	}
}

// exploding is a body that makes whoever decodes it panic.
type exploding struct{}

func (exploding) Read([]byte) (int, error) { panic("index out of range [12] with length 3") }
func (exploding) Close() error             { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPanicOverOneAnswerIsOneError(t *testing.T) {
	answers, services := newBusy(2, testSteps)
	for name, tc := range map[string]struct {
		path    string
		warning string
	}{"a feature": {"query_range", ""}, "the mesh": {"query", CallsQuery}, "Jaeger": {"dependencies", JaegerQuery}} {
		t.Run(name, func(t *testing.T) {
			s := newCannedSource(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				resp, err := answers.RoundTrip(r)
				if strings.HasSuffix(r.URL.Path, "/"+tc.path) {
					resp.Body = exploding{}
				}
				return resp, err
			}), testSteps)
			_, warnings, err := s.Window(t.Context(), services, testEnd)
			if tc.warning == "" {
				if !errors.Is(err, Malformed) || !strings.Contains(Explain(err), "index out of range") {
					t.Errorf("error %v, want the panic", err)
				}
				return
			}
			if err != nil || len(warnings) != 1 || warnings[0].Feature != tc.warning || warnings[0].Kind != Malformed {
				t.Errorf("error %v and warnings %v, want one of %s", err, warnings, tc.warning)
			}
		})
	}
}

func TestQueriesAtATimeAreBounded(t *testing.T) {
	answers, services := newBusy(2, testSteps)
	var running, most atomic.Int32
	s := newCannedSource(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		defer running.Add(-1)
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Millisecond)
		return answers.RoundTrip(r)
	}), testSteps)
	s.server.slots, s.jaeger = make(chan struct{}, 3), nil
	done := make(chan error)
	const applications = 5
	for range applications {
		go func() {
			_, _, err := s.Window(t.Context(), services, testEnd)
			done <- err
		}()
	}
	for range applications {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := most.Load(); n < 2 || n > 3 {
		t.Errorf("up to %d queries ran at a time, want at most 3", n)
	}
}

func TestPartialAnswersFailTheTick(t *testing.T) {
	for name, tc := range map[string]struct {
		body string // added to the answer
		want Kind
	}{
		"Thanos":                  {`,"warnings":["receive series from Addr: 10.0.0.9:10901: connection refused"]`, Partial},
		"VictoriaMetrics":         {`,"isPartial":true`, Partial},
		"VictoriaMetrics, whole":  {`,"isPartial":false`, ""},
		"Prometheus on the query": {`,"warnings":["PromQL warning: encountered a mix of histograms and floats"]`, ""},
		"Prometheus' hint":        {`,"infos":["PromQL info: metric might not be a counter"]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, feature := range estimator.DefaultFeatures() {
				fake := newFake(t)
				fake.extra = map[string]string{string(feature): tc.body}
				_, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
				if tc.want != "" && required(string(feature)) {
					if !errors.Is(err, tc.want) {
						t.Errorf("%s: error %v, want %v", feature, err, tc.want)
					}
				} else if err != nil || tc.want != "" && (len(warnings) != 1 || warnings[0].Kind != tc.want) {
					t.Errorf("%s: error %v, warnings %v", feature, err, warnings)
				}
			}
		})
	}
}

package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// A sample that no indicator can have is missing, and the rest is used.
func TestImpossibleSamplesAreMissing(t *testing.T) {
	for value, warns := range map[string]bool{"NaN": false, "+Inf": true, "-Inf": true, "-1": true, "-0.000001": true} {
		t.Run(value, func(t *testing.T) {
			fake := newFake(t)
			fake.series["cpu"][0].value = value // of web
			w, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Validate(); err != nil {
				t.Error(err)
			}
			cpu := w.Channel(estimator.CPU)
			for step := range w.Steps {
				if got := w.At(1, step, cpu); !math.IsNaN(got) {
					t.Errorf("cpu of web at step %d is %v, want it missing", step, got)
				}
				if got := w.At(0, step, cpu); got != 2 {
					t.Errorf("cpu of cart at step %d is %v, want 2", step, got)
				}
			}
			if warned := len(warnings) == 1 && warnings[0].Feature == "cpu"; warned != warns {
				t.Errorf("warnings %v, want one: %v", warnings, warns)
			}
		})
	}
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func matrix(series string) http.HandlerFunc {
	return answer(200, "application/json", `{"status":"success","data":{"resultType":"matrix","result":[`+series+`]}}`)
}

func TestUnusableAnswerIsAnError(t *testing.T) {
	const metric = `"metric":{"namespace":"shop","workload":"web"}`
	at := func(seconds int64) string { return fmt.Sprintf(`[%d,"1"]`, testEnd.Unix()+seconds) }
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"HTML":                  {answer(200, "text/html", "<html>login</html>"), `"text/html" that is not JSON`},
		"no body":               {answer(200, "application/json", ""), "not JSON"},
		"truncated":             {answer(200, "application/json", `{"status":"success","data":{"resultType":"matrix","result":[{`), "unexpected end of JSON"},
		"success, no data":      {answer(200, "application/json", `{"status":"success"}`), "success without data"},
		"a scalar":              {answer(200, "application/json", `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`), "it is a scalar"},
		"unknown type":          {answer(200, "application/json", `{"status":"success","data":{"resultType":"tensor","result":[]}}`), `"tensor"`},
		"error with 200":        {answer(200, "application/json", `{"status":"error","errorType":"internal","error":"disk full"}`), "disk full"},
		"parse error":           {answer(400, "application/json", `{"status":"error","errorType":"bad_data","error":"parse error: unexpected x"}`), "parse error: unexpected x; query: cpu"},
		"too many samples":      {answer(422, "application/json", `{"status":"error","errorType":"execution","error":"query processing would load too many samples"}`), "too many samples"},
		"unauthorised":          {answer(401, "text/html", "<html>"), "401"},
		"unauthorised, no body": {answer(401, "text/plain", ""), "prometheus.http"},
		"forbidden":             {answer(403, "text/plain", "no"), "403"},
		"unavailable":           {answer(503, "application/json", `{"status":"error","errorType":"timeout","error":"query timed out"}`), "query timed out"},
		"null series":           {matrix(`null`), "null"},
		"value is no number":    {matrix(`{` + metric + `,"values":[[1,"x"]]}`), "x"},
		"native histogram":      {matrix(`{` + metric + `,"histograms":[[` + fmt.Sprint(testEnd.Unix()) + `,{"count":"1","sum":"1","buckets":[]}]]}`), "native histograms"},
		"time after the end":    {matrix(`{` + metric + `,"values":[` + at(30) + `]}`), "not a requested time"},
		"time before start":     {matrix(`{` + metric + `,"values":[` + at(-120) + `]}`), "not a requested time"},
		"time between steps":    {matrix(`{` + metric + `,"values":[` + at(-29) + `]}`), "not a requested time"},
		"time of year 0":        {matrix(`{` + metric + `,"values":[[-9223372036854775,"1"]]}`), "not a requested time"},
		"the same time twice":   {matrix(`{` + metric + `,"values":[` + at(0) + `,` + at(0) + `]}`), "twice"},
		"time running back":     {matrix(`{` + metric + `,"values":[` + at(0) + `,` + at(-30) + `]}`), "out of order"},
		"duplicated series": {matrix(`{` + metric + `,"values":[` + at(0) + `]},{"metric":{"namespace":"shop","workload":"web","pod":"x"},"values":[` + at(0) + `]}`),
			`two series for service shop/web, {namespace="shop", workload="web"} and {namespace="shop", pod="x", workload="web"}`},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			fake.handlers["cpu"] = tc.answer
			w, _, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err == nil || !strings.HasPrefix(Explain(err), "cpu: ") || !strings.Contains(Explain(err), tc.want) {
				t.Errorf("error %v, want one of cpu with %q", err, tc.want)
			}
			if w != nil {
				t.Error("a window came with the error")
			}
		})
	}
}

func TestEmptyAnswerIsNotAnIdleApplication(t *testing.T) {
	stranger := of(estimator.Service{Namespace: "shop", Name: "stranger"}, "1")
	for name, tc := range map[string]struct {
		series []fakeSeries
		want   string
	}{
		"no series":           {nil, "no series"},
		"other services only": {[]fakeSeries{stranger}, `none of the 1 series is of one of the 2 services, such as shop/cart; one is {namespace="shop", workload="stranger"}`},
		"impossible numbers":  {[]fakeSeries{of(web, "NaN"), of(cart, "-1")}, "no usable sample"},
	} {
		for _, feature := range []string{"replicas", "cpu", "requests"} {
			t.Run(feature+" "+name, func(t *testing.T) {
				fake := newFake(t)
				fake.series[feature] = tc.series
				_, _, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
				if !errors.Is(err, NoData) || !strings.Contains(Explain(err), tc.want) || !strings.Contains(Explain(err), "query: "+feature) {
					t.Errorf("error %v, want no data and %q", err, tc.want)
				}
			})
		}
		t.Run("memory "+name, func(t *testing.T) {
			fake := newFake(t)
			fake.series["memory"] = tc.series
			_, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err != nil {
				t.Fatal(err)
			}
			if last := len(warnings) - 1; last < 0 || warnings[last].Feature != "memory" || !errors.Is(warnings[last], NoData) {
				t.Errorf("warnings %v, want no data of memory", warnings)
			}
		})
	}
}

func TestAnswerLargerThanTheLimit(t *testing.T) {
	const size = 50 << 20
	var sent atomic.Int64
	for name, handler := range map[string]http.HandlerFunc{
		"declared": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			hang(true)(w, r) // nobody needs to wait for it
		},
		"chunked": func(w http.ResponseWriter, _ *http.Request) {
			block := []byte(`{"status":"success","data":` + strings.Repeat(" ", 64<<10))
			for sent.Load() < size {
				n, err := w.Write(block)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			fake.handlers["cpu"] = handler
			_, _, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err == nil || !strings.Contains(Explain(err), "larger than maxResponseBytes (4194304)") {
				t.Errorf("error %v, want the limit", err)
			}
			if n := sent.Load(); n >= size {
				t.Errorf("%d bytes were taken, want the transfer to stop at the limit", n)
			}
		})
	}
}

func TestUnreachablePrometheus(t *testing.T) {
	s := newSource(t, newFake(t), func(c *Config) { c.Prometheus.URL = "http://127.0.0.1:1" })
	_, _, err := s.Window(t.Context(), []estimator.Service{web}, testEnd)
	if err == nil || !strings.Contains(Explain(err), "127.0.0.1:1") {
		t.Errorf("error %v, want the address", err)
	}
}

// hang holds the request until the client leaves, before or inside the answer.
func hang(inside bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if inside {
			_, _ = io.WriteString(w, `{"status":`)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}
}

func TestHungQueryEndsAtTheDeadline(t *testing.T) {
	for name, inside := range map[string]bool{"before the answer": false, "inside the answer": true} {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			fake.handlers["cpu"] = hang(inside)

			s := newSource(t, fake, func(c *Config) { c.Prometheus.Timeout = 50 * time.Millisecond })
			began := time.Now()
			_, _, err := s.Window(t.Context(), []estimator.Service{web}, testEnd)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(Explain(err), "within prometheus.timeout") {
				t.Errorf("error %v, want the timeout", err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %v", took)
			}

			s = newSource(t, fake)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, _, err := s.Window(ctx, []estimator.Service{web}, testEnd); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the caller's deadline", err)
			}
		})
	}
}

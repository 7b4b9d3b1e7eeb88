package telemetry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/deepscaler/deepscaler/estimator"
)

// busy answers every query as a Prometheus that scrapes n services does,
// without a network.
type busy struct{ matrix, vector, dependencies []byte }

func newBusy(n, steps int) (busy, []estimator.Service) {
	services := make([]estimator.Service, n)
	var matrix, vector, dependencies []string
	for i := range services {
		s := estimator.Service{Namespace: "train-ticket", Name: fmt.Sprintf("ts-some-longish-service-%d", i)}
		services[i] = s
		var samples []string
		for t := range steps {
			at := testEnd.Add(-testStep * time.Duration(steps-1-t))
			samples = append(samples, fmt.Sprintf(`[%d,"%v"]`, at.Unix(), 1/float64(3+i+t)))
		}
		matrix = append(matrix, fmt.Sprintf(`{"metric":%s,"values":[%s]}`, labelsJSON(of(s, "").labels), strings.Join(samples, ",")))
		caller := services[i/2]
		vector = append(vector, fmt.Sprintf(`{"metric":%s,"value":[%d,"12.5"]}`, labelsJSON(call(caller.Namespace, caller.Name, s, "").labels), testEnd.Unix()))
		dependencies = append(dependencies, fmt.Sprintf(`{"parent":%q,"child":%q,"callCount":12345}`, caller.Name, s.Name))
	}
	envelope := func(kind string, series []string) []byte {
		return []byte(`{"status":"success","data":{"resultType":"` + kind + `","result":[` + strings.Join(series, ",") + `]}}`)
	}
	return busy{envelope("matrix", matrix), envelope("vector", vector),
		[]byte(`{"data":[` + strings.Join(dependencies, ",") + `]}`)}, services
}

func (b busy) RoundTrip(r *http.Request) (*http.Response, error) {
	body := b.matrix
	switch {
	case strings.HasSuffix(r.URL.Path, "/query"):
		body = b.vector
	case strings.HasSuffix(r.URL.Path, "/dependencies"):
		body = b.dependencies
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1}, nil
}

// BenchmarkWindow reads the window of a tick: all queries of one application, decoded.
func BenchmarkWindow(b *testing.B) {
	const steps = 12
	for _, n := range []int{41, 1000, 10000} {
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			answers, services := newBusy(n, steps)
			s := newCannedSource(b, answers, steps)
			s.server.limit = 1 << 30
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				w, warnings, err := s.Window(b.Context(), services, testEnd)
				if err != nil || len(warnings) > 0 || w.Calls == nil {
					b.Fatal(warnings, err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(len(answers.matrix))/float64(n), "bytes/service")
		})
	}
}

// processorTime is that of the process so far, which other programs do not lengthen.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

package adapter

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// recorded is a Prometheus that has its answers ready: those to the default queries about
// any namespace, which differ in the names of the services only.
type recorded struct {
	answers map[string][]byte // by namespace and query
}

// namespaceOf finds the matcher of the default queries.
func namespaceOf(query string) string {
	_, after, _ := strings.Cut(query, `namespace=~"`)
	namespace, _, _ := strings.Cut(after, `"`)
	return namespace
}

func kindOf(path, query string) string {
	switch {
	case !strings.HasSuffix(path, "/query_range"):
		return "calls"
	case strings.Contains(query, "istio_request_duration"):
		return "latency"
	case strings.Contains(query, "istio_requests_total"):
		return "requests"
	case strings.Contains(query, "status_replicas_ready"):
		return "replicas"
	case strings.Contains(query, "container_memory"):
		return "memory"
	}
	return "cpu"
}

// ServeHTTP implements [http.Handler].
func (r *recorded) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	query := q.FormValue("query")
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone needs no answer.
	_, _ = w.Write(r.answers[namespaceOf(query)+" "+kindOf(q.URL.Path, query)])
}

// newRecorded makes the answers for namespaces of n services each, under a noisy load, over the
// steps before end.
func newRecorded(namespaces []string, n, steps int, step time.Duration, end time.Time) *recorded {
	const name = "NAMESPACE"
	rng, bodies := rand.New(rand.NewPCG(1, 1)), map[string]*bytes.Buffer{}
	for _, kind := range []string{"replicas", "cpu", "latency", "requests", "memory", "calls"} {
		bodies[kind] = new(bytes.Buffer)
		result := "matrix"
		if kind == "calls" {
			result = "vector"
		}
		fmt.Fprintf(bodies[kind], `{"status":"success","data":{"resultType":%q,"result":[`, result)
	}
	for i := range n {
		separator := ","
		if i == 0 {
			separator = ""
		}
		samples := map[string][]string{}
		for t := range steps {
			q := 300 * (1 + 0.1*rng.NormFloat64())
			at := strconv.FormatInt(end.Add(-step*time.Duration(steps-1-t)).Unix(), 10)
			for kind, v := range map[string]float64{"replicas": 4, "cpu": 0.05 + q*0.007/4, "latency": 0.02 * (1 + 0.1*rng.NormFloat64()), "requests": q, "memory": 0.3 + 0.01*rng.Float64()} {
				samples[kind] = append(samples[kind], fmt.Sprintf(`[%s,"%v"]`, at, v))
			}
		}
		for kind, values := range samples {
			fmt.Fprintf(bodies[kind], `%s{"metric":{"namespace":%q,"workload":"service-%03d"},"values":[%s]}`, separator, name, i, strings.Join(values, ","))
		}
		fmt.Fprintf(bodies["calls"], `%s{"metric":{"source_workload_namespace":%[2]q,"source_workload":"service-%03[3]d","destination_workload_namespace":%[2]q,"destination_workload":"service-%03[4]d"},"value":[%[5]d,"300.5"]}`,
			separator, name, i/2, i, end.Unix())
	}
	r := &recorded{map[string][]byte{}}
	for kind, body := range bodies {
		body.WriteString("]}}")
		for _, namespace := range namespaces {
			r.answers[namespace+" "+kind] = bytes.ReplaceAll(body.Bytes(), []byte(name), []byte(namespace))
		}
	}
	return r
}

// BenchmarkTick plans every application once as a tick does: window, estimate, plan,
// publication, metrics and memory, with the defaults of the configuration. Processor time
// includes the part of Prometheus that sends the answers.
func BenchmarkTick(b *testing.B) {
	const step = 15 * time.Second
	for _, c := range []struct{ applications, services int }{{1, 41}, {25, 40}, {250, 40}} {
		b.Run(fmt.Sprintf("services=%d", c.applications*c.services), func(b *testing.B) {
			var namespaces []string
			var applications []discovery.Application
			for i := range c.applications {
				a := discovery.Application{Name: fmt.Sprintf("shop-%03d", i)}
				for j := range c.services {
					a.Services = append(a.Services, discovery.Service{
						Service:     estimator.Service{Namespace: a.Name, Name: fmt.Sprintf("service-%03d", j)},
						Application: a.Name, Bounds: plan.Bounds{Min: 1, Max: 100}, Pods: new(4),
					})
				}
				namespaces, applications = append(namespaces, a.Name), append(applications, a)
			}
			server := httptest.NewUnstartedServer(nil)
			p := benchPlanner(b, step, "http://"+server.Listener.Addr().String())
			end := time.Now().Truncate(step)
			server.Config.Handler = newRecorded(namespaces, c.services, p.loop.Planner.(*tick.Pipeline).Models.At("", end).Read, step, end)
			server.Start()
			b.Cleanup(server.Close)
			p.board.Assign(applications)
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				for _, a := range p.board.Applications() {
					made, failure := p.loop.Planner.Plan(b.Context(), a, end)
					if failure != nil {
						b.Fatal(failure)
					}
					r := tick.Result{Application: a.Name, Plan: made, At: time.Now(), Took: time.Millisecond}
					p.board.Publish(r)
					p.loop.Observer.Ticked(b.Context(), r)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

// benchPlanner returns a planner with the defaults of the configuration. It is not run.
func benchPlanner(b *testing.B, step time.Duration, prometheus string) *planner {
	b.Helper()
	path := filepath.Join(b.TempDir(), "config.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, "apiVersion: config.deepscaler.io/v1alpha1\nkind: AdapterConfiguration\nstep: %v\ntelemetry: {prometheus: {url: %q}}\n", step, prometheus), 0o600); err != nil {
		b.Fatal(err)
	}
	file, err := config.Load(path)
	if err != nil {
		b.Fatal(err)
	}
	client, err := newClient(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		b.Fatal(err)
	}
	p, err := newPlanner(file, client, "deepscaler-system", nil, record.NewFakeRecorder(1), selfmetrics.Build{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.source.Close)
	return p
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

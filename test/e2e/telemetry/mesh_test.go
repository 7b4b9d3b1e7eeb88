package telemetry

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

const namespace = "shop"

// pod counts requests at a constant rate before the change and at another one
// after it. A pod whose rate is 0 is not there.
type pod struct {
	name          string
	before, after float64 // requests per second
	restarts      bool    // at the change
	offset        float64 // of the counter when the pod is first seen
}

// mesh is an endpoint that serves the standard metrics of Istio for all pods at once.
type mesh struct {
	pods map[string][]pod // by service

	mu      sync.Mutex
	began   time.Time
	changed time.Time // zero before the change
	scrapes int
	scraped chan struct{} // closed and replaced at every scrape
}

func newMesh(pods map[string][]pod) *mesh {
	return &mesh{pods: pods, began: time.Now(), scraped: make(chan struct{})}
}

// services are all of them, in no particular order.
func (m *mesh) services() []estimator.Service {
	var all []estimator.Service
	for name := range m.pods {
		all = append(all, estimator.Service{Namespace: namespace, Name: name})
	}
	return all
}

func (m *mesh) change() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed = time.Now()
}

func (m *mesh) changedAt() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// await returns after n more scrapes.
func (m *mesh) await(ctx context.Context, n int) error {
	for range n {
		m.mu.Lock()
		scraped, total := m.scraped, m.scrapes
		m.mu.Unlock()
		select {
		case <-scraped:
		case <-ctx.Done():
			return fmt.Errorf("wait for Prometheus, which has scraped %d times: %w", total, ctx.Err())
		}
	}
	return nil
}

// ServeHTTP implements [http.Handler].
func (m *mesh) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, metric := range []struct {
		name       string
		perRequest float64
	}{
		{"istio_requests_total", 1},
		{"istio_request_duration_milliseconds_count", 1},
		{"istio_request_duration_milliseconds_sum", 1000 * latency},
	} {
		fmt.Fprintf(w, "# TYPE %s counter\n", metric.name)
		for _, service := range slices.Sorted(maps.Keys(m.pods)) {
			for _, p := range m.pods[service] {
				if count, there := m.count(p); there {
					fmt.Fprintf(w, "%s{reporter=\"destination\",destination_workload_namespace=%q,destination_workload=%q,source_workload_namespace=\"istio-system\",source_workload=\"gateway\",pod=%q} %f\n",
						metric.name, namespace, service, p.name, count*metric.perRequest)
				}
			}
		}
	}
	m.scrapes++
	close(m.scraped)
	m.scraped = make(chan struct{})
}

// count returns the counter of a pod, and whether it is there. m.mu is held.
func (m *mesh) count(p pod) (float64, bool) {
	now := time.Now()
	if m.changed.IsZero() {
		return p.offset + p.before*now.Sub(m.began).Seconds(), p.before > 0
	}
	count := p.offset + p.after*now.Sub(m.changed).Seconds()
	if !p.restarts {
		count += p.before * m.changed.Sub(m.began).Seconds()
	}
	return count, p.after > 0
}

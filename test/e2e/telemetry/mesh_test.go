package telemetry

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
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
	// lost and late are scrapes after the change, counted from it: those that fail, and those that come most of an interval later.
	lost, late []int
	offset     float64 // of the counter when the pod is first seen
}

// mesh is an endpoint that serves the standard metrics of Istio for all pods at once, with
// all the past in one scrape: a sample for every scrape interval, each with its time.
type mesh struct {
	pods                  map[string][]pod // by service
	began, changed, ended time.Time
}

// services are all of them, in no particular order.
func (m *mesh) services() []estimator.Service {
	var all []estimator.Service
	for name := range m.pods {
		all = append(all, estimator.Service{Namespace: namespace, Name: name})
	}
	return all
}

// ServeHTTP implements [http.Handler].
func (m *mesh) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
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
				for at := m.began; !at.After(m.ended); at = at.Add(scrapeInterval) {
					at, scraped := m.scrape(p, at)
					if count, there := m.count(p, at); there && scraped {
						fmt.Fprintf(w, "%s{reporter=\"destination\",destination_workload_namespace=%q,destination_workload=%q,source_workload_namespace=\"istio-system\",source_workload=\"gateway\",pod=%q} %f %d\n",
							metric.name, namespace, service, p.name, count*metric.perRequest, at.UnixMilli())
					}
				}
			}
		}
	}
}

// scrape returns when a scrape that is due really happens, and whether it does.
func (m *mesh) scrape(p pod, due time.Time) (time.Time, bool) {
	n := int(due.Sub(m.changed) / scrapeInterval)
	if slices.Contains(p.late, n) {
		due = due.Add(6 * scrapeInterval / 10)
	}
	return due, !slices.Contains(p.lost, n)
}

// count returns the counter of a pod at a time, and whether it is there.
func (m *mesh) count(p pod, at time.Time) (float64, bool) {
	if at.Before(m.changed) {
		return p.offset + p.before*at.Sub(m.began).Seconds(), p.before > 0
	}
	count := p.offset + p.after*at.Sub(m.changed).Seconds()
	if !p.restarts {
		count += p.before * m.changed.Sub(m.began).Seconds()
	}
	return count, p.after > 0
}

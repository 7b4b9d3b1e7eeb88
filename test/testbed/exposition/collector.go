// Package exposition shows a running application as Prometheus series, under the
// names and labels that Istio's proxies, cAdvisor and kube-state-metrics use. In
// a real mesh they come from many targets; here from one, so the scrape must
// keep the labels of the series (honor_labels).
package exposition

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Source is a running application. It calls read with the engine at rest.
type Source interface {
	Read(read func(*simulation.Engine))
}

// Collector is a [prometheus.Collector] of the series of one application. The series
// of a pod vanish with it, as with a real target.
type Collector struct {
	source    Source
	namespace string
	buckets   []float64
}

var _ prometheus.Collector = (*Collector)(nil)

// New returns a collector for an application in a namespace.
func New(source Source, namespace string) *Collector {
	return &Collector{source: source, namespace: namespace, buckets: simulation.Buckets()}
}

// Describe implements [prometheus.Collector]. It describes nothing, because the
// series come and go with the pods.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.source.Read(func(e *simulation.Engine) {
		services := e.Application().Services
		for i := range services {
			ch <- prometheus.MustNewConstMetric(readyReplicas, prometheus.GaugeValue, float64(e.Ready(i)), c.namespace, services[i].Name)
			// In a mesh each pod of a caller has its own counters; here they belong to
			// the workload, so that they do not vanish with one pod.
			sent := e.Sent(i)
			for j := range sent {
				c.traffic(ch, e, &sent[j], "source", "")
			}
		}
		c.users(ch, e)
		for _, pod := range e.Pods() {
			c.container(ch, e, &pod)
			for i := range pod.Traffic {
				c.traffic(ch, e, &pod.Traffic[i], "destination", pod.Name)
			}
		}
	})
}

func (c *Collector) traffic(ch chan<- prometheus.Metric, e *simulation.Engine, s *simulation.Stream, reporter, pod string) {
	app := e.Application()
	source, sourceNamespace := ingress, ingressNamespace
	protocol := app.Protocol
	if s.Source != simulation.Outside {
		source, sourceNamespace = app.Services[s.Source].Name, c.namespace
	} else {
		protocol = "http"
	}
	destination := app.Services[s.Destination].Name
	labels := []string{
		reporter, pod, protocol, strconv.Itoa(s.Code), s.Flags, "mutual_tls",
		source, sourceNamespace, source, "v1",
		destination, c.namespace, destination, "v1",
		destination + "." + c.namespace + ".svc.cluster.local", destination, c.namespace,
	}
	ch <- prometheus.MustNewConstMetric(requestsTotal, prometheus.CounterValue, float64(s.Count), labels...)
	ch <- prometheus.MustNewConstHistogram(requestDuration, s.Count, s.Seconds*1000, c.cumulative(s.Histogram, 1), labels...)
}

// cumulative turns counts into a histogram whose bounds are Istio's times unit.
func (c *Collector) cumulative(counts []uint64, unit float64) map[float64]uint64 {
	buckets := make(map[float64]uint64, len(c.buckets))
	sum := uint64(0)
	for i, bound := range c.buckets {
		sum += counts[i]
		buckets[bound*unit] = sum
	}
	return buckets
}

// users writes the experience of users: the calls from outside to all services.
func (c *Collector) users(ch chan<- prometheus.Metric, e *simulation.Engine) {
	answers := make(map[int]*simulation.Stream)
	for i := range e.Application().Services {
		for _, s := range e.Sent(i) {
			if s.Source != simulation.Outside {
				continue
			}
			sum, some := answers[s.Code]
			if !some {
				sum = &simulation.Stream{Histogram: make([]uint64, len(c.buckets))}
				answers[s.Code] = sum
			}
			sum.Count += s.Count
			sum.Seconds += s.Seconds
			for b, n := range s.Histogram {
				sum.Histogram[b] += n
			}
		}
	}
	for code, s := range answers {
		ch <- prometheus.MustNewConstHistogram(userDuration, s.Count, s.Seconds, c.cumulative(s.Histogram, 1e-3), c.namespace, e.Application().Name, strconv.Itoa(code))
	}
}

// container writes the cAdvisor series of a pod: its container, the proxy beside it,
// and the sum of both on the pod's cgroup, which has an empty container label.
func (c *Collector) container(ch chan<- prometheus.Metric, e *simulation.Engine, pod *simulation.Pod) {
	service := &e.Application().Services[pod.Service]
	proxyCPU := pod.CPU * proxyShare
	type cgroup struct {
		container, image  string
		cpu, quota        float64
		memory, memoryMax float64
	}
	for _, g := range []cgroup{
		{service.Name, service.Image, pod.CPU, pod.CPULimit, pod.Memory, pod.MemoryLimit},
		{proxyContainer, proxyImage, proxyCPU, proxyCPULimit, proxyMemory, proxyMemoryLimit},
		{"", "", pod.CPU + proxyCPU, pod.CPULimit + proxyCPULimit, pod.Memory + proxyMemory, pod.MemoryLimit + proxyMemoryLimit},
	} {
		id := "/kubepods/burstable/pod-" + pod.Name
		if g.container != "" {
			id += "/" + g.container
		}
		labels := []string{c.namespace, pod.Name, g.container, g.image, id, g.container}
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
		}
		ch <- prometheus.MustNewConstMetric(cpuUsage, prometheus.CounterValue, g.cpu, append(labels, "total")...)
		gauge(cpuQuota, g.quota*period)
		gauge(cpuPeriod, period)
		gauge(memoryUsage, g.memory)
		gauge(memoryWorkingSet, g.memory)
		gauge(memoryLimit, g.memoryMax)
	}
}

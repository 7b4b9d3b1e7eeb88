// Package autoscaler holds the autoscalers that the lab compares.
package autoscaler

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// stock is one HorizontalPodAutoscaler per service, as in a cluster.
type stock struct {
	controller hpa.Controller
	spec       *autoscalingv2.HorizontalPodAutoscalerSpec
	states     []hpa.State
	// read returns the readings of the metrics of a service.
	read func(c *loop.Cluster, service int, pods []loop.Pod) []hpa.Reading
}

// Tick implements [loop.Autoscaler]; the controller has no steps.
func (s *stock) Tick(*loop.Cluster) error { return nil }

// Sync implements [loop.Autoscaler].
func (s *stock) Sync(c *loop.Cluster, replicas []int) error {
	for i := range replicas {
		replicas[i] = s.decide(c, i, replicas[i])
	}
	return nil
}

// decide returns the replicas that the HPA of a service wants. An unreadable metric
// changes nothing, as in a cluster.
func (s *stock) decide(c *loop.Cluster, service, replicas int) int {
	if s.states == nil {
		s.states = make([]hpa.State, len(c.Application().Services))
	}
	start := c.Time().Add(-c.Now())
	moment := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	pods := c.Pods(service)
	seen := hpa.Observation{Replicas: replicas, Metrics: s.read(c, service, pods)}
	for _, p := range pods {
		seen.Pods = append(seen.Pods, hpa.Pod{
			Deleting: p.Ending, Ready: p.Ready, ReadySince: moment(p.Since), Started: moment(p.Created), Request: p.CPULimit,
		})
		if !p.Ending {
			seen.StatusReplicas++
		}
	}
	var d hpa.Decision
	d, s.states[service] = s.controller.Decide(c.Time(), s.states[service], s.spec, seen)
	return d.Replicas
}

// cores returns the CPU samples of pods.
func cores(c *loop.Cluster, pods []loop.Pod) []hpa.Sample {
	samples := make([]hpa.Sample, len(pods))
	start := c.Time().Add(-c.Now())
	for i, p := range pods {
		samples[i] = hpa.Sample{
			Value: p.Cores, At: start.Add(time.Duration(p.At * float64(time.Second))), Window: time.Duration(p.Window * float64(time.Second)),
		}
	}
	return samples
}

// newCPU returns the autoscaler of most users: a target for the CPU use of every
// service, with the defaults of Kubernetes for everything else. Pods request their
// limits, so the target is a share of these.
func newCPU(utilisation float64, bounds bounds) *stock {
	return &stock{
		controller: hpa.Defaults(),
		spec:       hpa.CPU(int32(bounds.Min), int32(bounds.Max), int32(math.Round(100*utilisation))),
		read: func(c *loop.Cluster, _ int, pods []loop.Pod) []hpa.Reading {
			return []hpa.Reading{{Pods: cores(c, pods)}}
		},
	}
}

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
	if s.states == nil {
		s.states = make([]hpa.State, len(replicas))
	}
	start := c.Time().Add(-c.Now())
	moment := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	for i := range replicas {
		pods := c.Pods(i)
		seen := hpa.Observation{Replicas: replicas[i], Metrics: s.read(c, i, pods)}
		for _, p := range pods {
			seen.Pods = append(seen.Pods, hpa.Pod{
				Deleting: p.Ending, Ready: p.Ready, ReadySince: moment(p.Since), Started: moment(p.Created), Request: p.CPULimit,
			})
			if !p.Ending {
				seen.StatusReplicas++
			}
		}
		// What cannot be read changes nothing, as in a cluster.
		var d hpa.Decision
		d, s.states[i] = s.controller.Decide(c.Time(), s.states[i], s.spec, seen)
		replicas[i] = d.Replicas
	}
	return nil
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

// newCPU returns the autoscaler that most users run: a target for the CPU use of every
// service, with all else as Kubernetes has it by default. Pods request their limits,
// so the target is a share of these.
func newCPU(utilisation float64, bounds bounds) *stock {
	return &stock{
		controller: hpa.Defaults(),
		spec:       hpa.CPU(int32(bounds.Min), int32(bounds.Max), int32(math.Round(100*utilisation))),
		read: func(c *loop.Cluster, _ int, pods []loop.Pod) []hpa.Reading {
			return []hpa.Reading{{Pods: cores(c, pods)}}
		},
	}
}

package hpa

import (
	"errors"
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
)

// Phase is how far a pod is.
type Phase int

// The phases that make a difference.
const (
	Running Phase = iota
	// Pending pods are not started yet; they count as unready.
	Pending
	// Failed pods count as gone.
	Failed
)

// Pod is the state of a pod in the controller, without its metrics.
type Pod struct {
	Phase Phase
	// Deleting pods have a deletion timestamp.
	Deleting bool
	// Ready is the pod's condition of that name, and ReadySince when it last changed.
	Ready      bool
	ReadySince time.Time
	// Started is status.startTime; the zero time is a pod that no kubelet has taken.
	Started time.Time
	// Request is what the containers request of the resource of a metric with a utilisation
	// target: cores or bytes.
	Request float64
}

// Sample is a metric of one pod.
type Sample struct {
	// Value is NaN where there is none.
	Value float64
	// At is when it was taken, and Window the time before over which it is a mean.
	At     time.Time
	Window time.Duration
}

// podTarget is the target of a metric that is measured pod by pod: a percentage of the
// requests, or milli-units.
type podTarget struct {
	percent int64
	value   int64
	cpu     bool
}

func target(t autoscalingv2.MetricTarget, resource corev1.ResourceName) podTarget {
	p := podTarget{cpu: resource == corev1.ResourceCPU}
	switch {
	case t.AverageValue != nil:
		p.value = t.AverageValue.MilliValue()
	case t.AverageUtilization != nil:
		p.percent = int64(*t.AverageUtilization)
	}
	return p
}

// usage is what one pod uses and requests, in milli-units.
type usage struct{ used, request int64 }

// ratio returns the mean usage ÷ target. Kubernetes counts in whole percents and
// milli-units.
func (t podTarget) ratio(pods []usage) (float64, error) {
	var used, requested int64
	for _, p := range pods {
		used += p.used
		requested += p.request
	}
	if t.percent == 0 {
		return float64(used/int64(len(pods))) / float64(t.value), nil
	}
	if requested == 0 {
		return 0, errors.New("the pods request nothing of the resource")
	}
	return float64(used*100/requested) / float64(t.percent), nil
}

// atTarget is what a pod without a sample counts as on a scale-in: its target, or all
// that it requests when the target is less.
func (t podTarget) atTarget(request int64) int64 {
	if t.percent > 0 {
		return request * max(100, t.percent) / 100
	}
	return t.value
}

// perPod is for metrics that are measured pod by pod.
func (c Controller) perPod(now time.Time, tolerated tolerance, t podTarget, seen Observation, samples []Sample) (int, error) {
	if len(seen.Pods) == 0 {
		return 0, errNoPods
	}
	var measured, unready, missing []usage
	read := false
	for i, p := range seen.Pods {
		s := Sample{Value: math.NaN()}
		if i < len(samples) {
			s = samples[i]
		}
		has := !math.IsNaN(s.Value)
		read = read || has
		u := usage{request: milli(p.Request)}
		switch {
		case p.Deleting || p.Phase == Failed:
		case p.Phase == Pending:
			unready = append(unready, u)
		case !has:
			missing = append(missing, u)
		case t.cpu && c.starting(now, p, s):
			unready = append(unready, u)
		default:
			u.used = milli(s.Value)
			measured = append(measured, u)
		}
	}
	switch {
	case !read:
		return 0, errUnread
	case len(measured) == 0:
		return 0, errors.New("no pod that is ready has a sample")
	}
	ratio, err := t.ratio(measured)
	if err != nil {
		return 0, err
	}
	scaleUpWithUnready := len(unready) > 0 && ratio > 1
	if !scaleUpWithUnready && len(missing) == 0 {
		if tolerated.covers(ratio) {
			return seen.Replicas, nil
		}
		return whole(ratio * float64(len(measured))), nil
	}
	return cautious(tolerated, t, ratio, seen.Replicas, measured, unready, missing)
}

// cautious counts the pods that are not measured against a change: as idle when the others ask
// for more, and at their target when those ask for less. If that reverses the
// direction, nothing changes.
func cautious(tolerated tolerance, t podTarget, ratio float64, replicas int, measured, unready, missing []usage) (int, error) {
	pods := measured
	switch {
	case ratio < 1:
		for _, u := range missing {
			pods = append(pods, usage{used: t.atTarget(u.request), request: u.request})
		}
	case ratio > 1:
		pods = append(append(pods, missing...), unready...)
	}
	again, err := t.ratio(pods)
	if err != nil {
		return 0, err
	}
	if tolerated.covers(again) || ratio < 1 && again > 1 || ratio > 1 && again < 1 {
		return replicas, nil
	}
	n := whole(again * float64(len(pods)))
	if again < 1 && n > replicas || again > 1 && n < replicas {
		return replicas, nil
	}
	return n, nil
}

// starting reports whether a CPU sample may be that of a pod that only starts.
func (c Controller) starting(now time.Time, p Pod, s Sample) bool {
	switch {
	case p.Started.IsZero():
		return true
	case p.Started.Add(c.CPUInitializationPeriod).After(now):
		return !p.Ready || s.At.Before(p.ReadySince.Add(s.Window))
	}
	// An old pod that has been ready counts even while it is not.
	return !p.Ready && p.Started.Add(c.InitialReadinessDelay).After(p.ReadySince)
}

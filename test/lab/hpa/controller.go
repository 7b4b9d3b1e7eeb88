package hpa

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Controller holds the flags of kube-controller-manager that the arithmetic depends on.
type Controller struct {
	// SyncPeriod is the time between two decisions (--horizontal-pod-autoscaler-sync-period).
	// Only the caller's loop uses it.
	SyncPeriod time.Duration
	// Tolerance is the relative deviation from the target that changes nothing
	// (--horizontal-pod-autoscaler-tolerance), unless the behavior has one.
	Tolerance float64
	// DownscaleStabilization is the window over which the highest proposal holds
	// (--horizontal-pod-autoscaler-downscale-stabilization), unless the behavior has one.
	DownscaleStabilization time.Duration
	// CPUInitializationPeriod is the age up to which the CPU sample of a pod counts only if it
	// was taken while the pod was ready (--horizontal-pod-autoscaler-cpu-initialization-period).
	CPUInitializationPeriod time.Duration
	// InitialReadinessDelay is the age up to which a pod that turns unready was never
	// ready (--horizontal-pod-autoscaler-initial-readiness-delay).
	InitialReadinessDelay time.Duration
}

// Defaults returns the flags as Kubernetes ships them.
func Defaults() Controller {
	return Controller{
		SyncPeriod: 15 * time.Second, Tolerance: 0.1, DownscaleStabilization: 5 * time.Minute,
		CPUInitializationPeriod: 5 * time.Minute, InitialReadinessDelay: 30 * time.Second,
	}
}

// Observation is what the controller sees at one sync.
type Observation struct {
	// Replicas is spec.replicas of the scale target, StatusReplicas its status.replicas:
	// the pods that exist.
	Replicas, StatusReplicas int
	// Pods are those that the target's selector matches.
	Pods []Pod
	// Metrics has one reading for each metric of the spec, in its order.
	Metrics []Reading
}

// Reading is the value of one metric at one sync.
type Reading struct {
	// Value is that of a metric of type External (the sum of all its items) or Object. NaN is
	// a metric that cannot be read.
	Value float64
	// Pods holds the sample of each pod of the observation for a metric of type Resource
	// or Pods: cores, bytes or what the metric counts. Without any the metric cannot be read.
	Pods []Sample
}

// Decision is the outcome of one sync.
type Decision struct {
	// Replicas is what the scale target has from now on.
	Replicas int
	// Proposed is what the metrics ask for before windows, policies and bounds apply;
	// -1 if they were not asked or do not yield anything.
	Proposed int
	// Err is the error of the metric that could not be read. If the others ask for at
	// least as many replicas as there are, the controller follows them nevertheless.
	Err error
}

// Decide returns the decision at a time and the state for the next sync. The spec must be
// complete (see [Complete]); [CheckSpec] reports what the package does not support.
func (c Controller) Decide(now time.Time, state State, spec *autoscalingv2.HorizontalPodAutoscalerSpec, seen Observation) (Decision, State) {
	least, most := int(*spec.MinReplicas), int(spec.MaxReplicas)
	if len(state.proposals) == 0 {
		state.proposals = []proposal{{seen.Replicas, now}}
	}
	d := Decision{Replicas: seen.Replicas, Proposed: -1}
	switch {
	case seen.Replicas == 0 && !(state.scaledToZero && (least > 0 || canScaleToZero(spec))):
		return d, state // the target was switched off by hand
	case seen.Replicas > most:
		d.Replicas = most
	case seen.Replicas < least && seen.Replicas > 0:
		d.Replicas = least
	default:
		if d.Proposed, d.Err = c.propose(now, spec, seen); d.Proposed < 0 {
			return d, state
		}
		d.Replicas, state = c.limit(now, state, spec, seen.Replicas, d.Proposed)
		if seen.Replicas == 0 {
			d.Replicas = max(d.Replicas, least)
		}
	}
	if d.Replicas != seen.Replicas {
		state = state.scaled(now, spec, seen.Replicas, d.Replicas)
	}
	return d, state
}

// propose returns the most that a metric asks for, or -1 with an error: when none can
// be read, or one cannot and the others would scale in.
func (c Controller) propose(now time.Time, spec *autoscalingv2.HorizontalPodAutoscalerSpec, seen Observation) (int, error) {
	most := -1
	var failed []error
	for i := range spec.Metrics {
		n, err := c.proposal(now, spec, &spec.Metrics[i], seen, i)
		if err != nil {
			failed = append(failed, fmt.Errorf("metric %d (%s): %w", i, spec.Metrics[i].Type, err))
			continue
		}
		most = max(most, n)
	}
	if len(failed) > 0 && most < seen.Replicas {
		return -1, errors.Join(failed...)
	}
	return most, errors.Join(failed...)
}

func (c Controller) proposal(now time.Time, spec *autoscalingv2.HorizontalPodAutoscalerSpec, m *autoscalingv2.MetricSpec, seen Observation, i int) (int, error) {
	if i >= len(seen.Metrics) {
		return 0, errors.New("there is no reading")
	}
	t, reading := c.tolerances(spec), seen.Metrics[i]
	switch m.Type {
	case autoscalingv2.ResourceMetricSourceType:
		return c.perPod(now, t, target(m.Resource.Target, m.Resource.Name), seen, reading.Pods)
	case autoscalingv2.PodsMetricSourceType:
		return c.perPod(now, t, target(m.Pods.Target, ""), seen, reading.Pods)
	case autoscalingv2.ObjectMetricSourceType:
		// The type of the target decides here, and in an external metric which one is set.
		if m.Object.Target.Type == autoscalingv2.ValueMetricType {
			return t.total(m.Object.Target.Value.MilliValue(), seen, reading.Value)
		}
		return t.average(m.Object.Target.AverageValue.MilliValue(), seen.StatusReplicas, reading.Value)
	case autoscalingv2.ExternalMetricSourceType:
		if average := m.External.Target.AverageValue; average != nil {
			return t.average(average.MilliValue(), seen.StatusReplicas, reading.Value)
		}
		return t.total(m.External.Target.Value.MilliValue(), seen, reading.Value)
	}
	return 0, fmt.Errorf("metrics of type %s are not simulated", m.Type)
}

// tolerance is the relative deviation that changes nothing, by direction.
type tolerance struct{ down, up float64 }

func (c Controller) tolerances(spec *autoscalingv2.HorizontalPodAutoscalerSpec) tolerance {
	t := tolerance{c.Tolerance, c.Tolerance}
	if b := spec.Behavior; b != nil {
		if b.ScaleDown.Tolerance != nil {
			t.down = b.ScaleDown.Tolerance.AsApproximateFloat64()
		}
		if b.ScaleUp.Tolerance != nil {
			t.up = b.ScaleUp.Tolerance.AsApproximateFloat64()
		}
	}
	return t
}

func (t tolerance) covers(ratio float64) bool { return 1-t.down <= ratio && ratio <= 1+t.up }

// average is for a target per pod. The pods that exist count, ready or not.
func (t tolerance) average(target int64, pods int, value float64) (int, error) {
	if math.IsNaN(value) {
		return 0, errUnread
	}
	usage := float64(milli(value))
	// Without a pod the ratio is infinite or no number, and neither is covered.
	if t.covers(usage / (float64(target) * float64(pods))) {
		return pods, nil
	}
	return whole(usage / float64(target)), nil
}

// total is for a target of the whole. The ready pods count, including those that end.
func (t tolerance) total(target int64, seen Observation, value float64) (int, error) {
	if math.IsNaN(value) {
		return 0, errUnread
	}
	ratio := float64(milli(value)) / float64(target)
	switch {
	case seen.Replicas == 0:
		return whole(ratio), nil
	case t.covers(ratio):
		return seen.Replicas, nil
	case len(seen.Pods) == 0:
		return 0, errNoPods
	}
	ready := 0
	for _, p := range seen.Pods {
		if p.Phase == Running && p.Ready {
			ready++
		}
	}
	return whole(ratio * float64(ready)), nil
}

var (
	errUnread = errors.New("the metric cannot be read")
	errNoPods = errors.New("there are no pods")
)

// milli rounds up, as resource.Quantity does, but not the noise of a float64.
func milli(v float64) int64 {
	const noise, most = 1e-6, 1 << 62
	return int64(min(math.Ceil(v*1000-noise), most))
}

func whole(v float64) int { return int(min(math.Ceil(v), math.MaxInt32)) }

func canScaleToZero(spec *autoscalingv2.HorizontalPodAutoscalerSpec) bool {
	return slices.ContainsFunc(spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
		return m.Type == autoscalingv2.ObjectMetricSourceType || m.Type == autoscalingv2.ExternalMetricSourceType
	})
}

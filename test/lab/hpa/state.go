package hpa

import (
	"math"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// State is what the controller remembers between two syncs. The zero value is that of
// a new HorizontalPodAutoscaler. Decide does not change the state it is given.
type State struct {
	proposals    []proposal
	ups, downs   []change
	scaledToZero bool
}

// proposal is what the metrics asked for at a time.
type proposal struct {
	replicas int
	at       time.Time
}

// change is by how many replicas the target was scaled at a time.
type change struct {
	by int
	at time.Time
}

// remember returns the history with an entry more. Like the controller, it puts it in the
// place of the last one that is outdated: old entries may stay, and count where a
// longer period asks for them.
func remember[E any](history []E, e E, outdated func(E) bool) []E {
	history = slices.Clone(history)
	for i, old := range slices.Backward(history) {
		if outdated(old) {
			history[i] = e
			return history
		}
	}
	return append(history, e)
}

// scaled remembers that the target was scaled. Without behavior nothing reads it.
func (s State) scaled(now time.Time, spec *autoscalingv2.HorizontalPodAutoscalerSpec, from, to int) State {
	s.scaledToZero = to == 0 && *spec.MinReplicas == 0 && canScaleToZero(spec)
	if spec.Behavior == nil {
		return s
	}
	events, rules := &s.ups, spec.Behavior.ScaleUp
	by := to - from
	if by < 0 {
		events, rules, by = &s.downs, spec.Behavior.ScaleDown, -by
	}
	longest := time.Duration(0)
	for _, p := range rules.Policies {
		longest = max(longest, seconds(p.PeriodSeconds))
	}
	*events = remember(*events, change{by, now}, func(c change) bool { return c.at.Before(now.Add(-longest)) })
	return s
}

// limit applies stabilisation windows, scaling policies and bounds to a proposal.
func (c Controller) limit(now time.Time, s State, spec *autoscalingv2.HorizontalPodAutoscalerSpec, current, proposed int) (int, State) {
	least, most := int(*spec.MinReplicas), int(spec.MaxReplicas)
	if spec.Behavior == nil {
		cutoff := now.Add(-c.DownscaleStabilization)
		stable := proposed
		for _, p := range s.proposals {
			if !p.at.Before(cutoff) {
				stable = max(stable, p.replicas)
			}
		}
		s.proposals = remember(s.proposals, proposal{proposed, now}, func(p proposal) bool { return p.at.Before(cutoff) })
		// At most twice as many, or four, at a time.
		return max(least, min(stable, most, max(2*current, 4))), s
	}
	up, down := spec.Behavior.ScaleUp, spec.Behavior.ScaleDown
	upFrom, downFrom := now.Add(-seconds(*up.StabilizationWindowSeconds)), now.Add(-c.DownscaleStabilization)
	if w := down.StabilizationWindowSeconds; w != nil {
		downFrom = now.Add(-seconds(*w))
	}
	floor, ceiling := proposed, proposed
	for _, p := range s.proposals {
		if p.at.After(upFrom) {
			floor = min(floor, p.replicas)
		}
		if p.at.After(downFrom) {
			ceiling = max(ceiling, p.replicas)
		}
	}
	s.proposals = remember(s.proposals, proposal{proposed, now}, func(p proposal) bool {
		return p.at.Before(upFrom) && p.at.Before(downFrom)
	})
	stable := min(max(current, floor), ceiling)
	switch {
	case stable > current:
		stable = min(stable, most, max(current, s.bound(now, current, up, 1)))
	case stable < current:
		stable = max(stable, least, min(current, s.bound(now, current, down, -1)))
	}
	return stable, s
}

// bound returns how many replicas the policies of a direction, 1 for up or -1 for
// down, allow.
func (s State) bound(now time.Time, current int, rules *autoscalingv2.HPAScalingRules, direction int) int {
	choice := autoscalingv2.MaxChangePolicySelect
	if rules.SelectPolicy != nil {
		choice = *rules.SelectPolicy
	}
	if choice == autoscalingv2.DisabledPolicySelect {
		return current
	}
	var allowed []int
	for _, p := range rules.Policies {
		since := now.Add(-seconds(p.PeriodSeconds))
		start := current - total(s.ups, since) + total(s.downs, since)
		n := start + direction*int(p.Value)
		if p.Type == autoscalingv2.PercentScalingPolicy {
			// Up is rounded up, or a small target would never grow; down is cut.
			exact := float64(start) * (1 + float64(direction)*float64(p.Value)/100)
			n = int(exact)
			if direction > 0 {
				n = int(math.Ceil(exact))
			}
		}
		allowed = append(allowed, n)
	}
	if (choice == autoscalingv2.MinChangePolicySelect) == (direction > 0) {
		return slices.Min(allowed)
	}
	return slices.Max(allowed)
}

func total(changes []change, since time.Time) int {
	sum := 0
	for _, c := range changes {
		if c.at.After(since) {
			sum += c.by
		}
	}
	return sum
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

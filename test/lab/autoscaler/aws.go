package autoscaler

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// aws is target tracking of Amazon's Application Auto Scaling on the mean CPU of a
// service ([47] of the paper), by its published rules: CloudWatch has one value a
// minute. Three in a row above the target scale out in proportion, fifteen in a row
// below nine tenths of it scale in. After each there is a cooldown, in which only a
// larger scale-out is allowed.
//
// Source: Application Auto Scaling User Guide, "Target tracking scaling policies".
type aws struct {
	target   float64
	services []alarm
}

// alarm is the state of CloudWatch and the policy for one service.
type alarm struct {
	sum         float64
	samples     int
	values      []float64 // one a minute, the newest last
	out, in     time.Duration
	added       int // by the last scale-out
	everScaled  bool
	everScaleIn bool
}

const (
	period     = time.Minute
	highPoints = 3
	lowPoints  = 15
	lowShare   = 0.9
	cooldown   = 300 * time.Second
)

// Tick implements [loop.Autoscaler].
func (*aws) Tick(*loop.Cluster) error { return nil }

// Sync implements [loop.Autoscaler]. It looks at metrics in every sync period, and decides
// when a minute is over.
func (a *aws) Sync(c *loop.Cluster, replicas []int) error {
	if a.services == nil {
		a.services = make([]alarm, len(replicas))
	}
	minute := c.Now()%period < c.Config().Sync
	for i := range replicas {
		s := &a.services[i]
		for _, p := range c.Pods(i) {
			if p.Ready && !math.IsNaN(p.Cores) {
				s.sum += p.Cores / p.CPULimit
				s.samples++
			}
		}
		if !minute || s.samples == 0 {
			continue
		}
		s.values = append(s.values, s.sum/float64(s.samples))
		s.sum, s.samples = 0, 0
		if extra := len(s.values) - lowPoints; extra > 0 {
			s.values = s.values[extra:]
		}
		replicas[i] = a.decide(s, c.Now(), replicas[i])
	}
	return nil
}

// decide returns the replicas after a minute.
func (a *aws) decide(s *alarm, now time.Duration, replicas int) int {
	last := s.values[len(s.values)-1]
	proportional := int(math.Ceil(float64(replicas) * last / a.target))
	switch {
	case all(s.values, highPoints, func(v float64) bool { return v > a.target }) && proportional > replicas:
		if s.everScaled && now < s.out+cooldown {
			// What has just been added is part of what is added now.
			proportional -= s.added
		}
		if proportional <= replicas {
			return replicas
		}
		s.out, s.added, s.everScaled = now, proportional-replicas, true
		return proportional
	case all(s.values, lowPoints, func(v float64) bool { return v < lowShare*a.target }) && proportional < replicas:
		if s.everScaled && now < s.out+cooldown || s.everScaleIn && now < s.in+cooldown {
			return replicas
		}
		s.in, s.everScaleIn = now, true
		return max(1, proportional)
	}
	return replicas
}

// all reports whether the newest n values are all there and all so.
func all(values []float64, n int, so func(float64) bool) bool {
	if len(values) < n {
		return false
	}
	for _, v := range values[len(values)-n:] {
		if !so(v) {
			return false
		}
	}
	return true
}

package workload

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Difficulty is the largest growth of what a service needs within the lead time. An autoscaler
// that only sees the present must have it in reserve.
type Difficulty struct {
	// Factor is the need at the end ÷ that at the start, 1 or more.
	Factor float64
	// Replicas from which and to which the need grows; fractional.
	From, To float64
	// Service whose need grows most, and when.
	Service string
	At      time.Duration
	// LeadTime within which it grows.
	LeadTime time.Duration
}

// String returns it as "×4.0 within 1m15s (frontend from 2.1 to 8.4 replicas, 12m30s after the start)".
func (d Difficulty) String() string {
	if d.Factor <= 1 {
		return fmt.Sprintf("×1.0 within %v", d.LeadTime)
	}
	return fmt.Sprintf("×%.1f within %v (%s from %.1f to %.1f replicas, %v after the start)", d.Factor, d.LeadTime, d.Service, d.From, d.To, d.At)
}

// utilisation of the CPU limit at which a replica counts as needed in full.
const utilisation = 0.6

// Difficulty returns the difficulty of the load for an application from a time on, which is
// the end of a warm-up. A need below one replica counts as one, because a service has that
// anyway.
func (l *Load) Difficulty(a *app.Application, from, lead time.Duration) (Difficulty, error) {
	d := Difficulty{Factor: 1, LeadTime: lead}
	each, err := l.each(a)
	if err != nil {
		return d, err
	}
	ahead := int(lead.Seconds())
	begin := min(int(from.Seconds()), len(l.Profile))
	needs := make([]float64, len(l.Profile)-begin)
	for i := range a.Services {
		for t := range needs {
			needs[t] = max(1, l.Profile[begin+t]*each[l.mixAt(begin+t)][i])
		}
		for t, most := range maxima(needs, ahead) {
			if f := needs[most] / needs[t]; f > d.Factor+1e-9 {
				d.Factor, d.From, d.To = f, needs[t], needs[most]
				d.Service, d.At = a.Services[i].Name, time.Duration(begin+t)*time.Second
			}
		}
	}
	return d, nil
}

// each returns, by mix and service, the replicas needed for one request per second.
func (l *Load) each(a *app.Application) ([][]float64, error) {
	all := make([][]float64, 1+len(l.Changes))
	for m := range all {
		weights := l.Weights
		if m > 0 {
			weights = l.Changes[m-1].Weights
		}
		v, err := a.Visits(weights)
		if err != nil {
			return nil, err
		}
		for i, s := range a.Services {
			room := utilisation*float64(s.Resources.Limits.CPU) - float64(s.Idle.CPU)
			if !(room > 0) {
				return nil, fmt.Errorf("service %s alone uses %v cores when idle, above %v of its limit", s.Name, float64(s.Idle.CPU), utilisation)
			}
			all[m] = append(all[m], v.CPU[i]/v.Requests/room)
		}
	}
	return all, nil
}

// mixAt returns the position of the weights that hold in a second: 0 for those of the
// start, i+1 for change i.
func (l *Load) mixAt(second int) int {
	low, high := 0, len(l.Changes)
	for low < high {
		if mid := (low + high) / 2; l.Changes[mid].At <= float64(second) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// maxima returns for each position that of the largest value from it up to ahead places
// on.
func maxima(values []float64, ahead int) []int {
	out := make([]int, len(values))
	var queue []int // positions whose values fall
	for i := len(values) - 1; i >= 0; i-- {
		for len(queue) > 0 && values[queue[len(queue)-1]] <= values[i] {
			queue = queue[:len(queue)-1]
		}
		queue = append(queue, i)
		if queue[0] > i+ahead {
			queue = queue[1:]
		}
		out[i] = queue[0]
	}
	return out
}

// Mean returns the mean requests per second.
func (l *Load) Mean() float64 { return l.Profile.Mean() }

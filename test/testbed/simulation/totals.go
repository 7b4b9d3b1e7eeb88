package simulation

import (
	"math"
	"slices"
)

// Totals are cumulative figures of one service since the start. Differences of
// two give the telemetry of the time between.
type Totals struct {
	// Requests that ended, Failures of them badly, and the sum of their times in seconds.
	Requests, Failures uint64
	Seconds            float64
	// CPU is the CPU time used, in core-seconds, idle use included.
	CPU float64
	// Ready is the integral of the number of ready replicas, in replica-seconds.
	Ready float64
	// Limit is the integral of the CPU limits of all existing replicas, including
	// those that start or drain, in core-seconds.
	Limit float64
}

// Totals returns the figures of a service up to now.
func (e *Engine) Totals(service int) Totals {
	e.account(service)
	s := &e.services[service]
	t := s.totals
	for i := range e.replicas {
		if r := &e.replicas[i]; int(r.service) == service && !r.gone {
			t.CPU += e.cpu(r)
		}
	}
	return t
}

// Calls returns how many calls of a service to every other have ended.
func (e *Engine) Calls(service int) []uint64 { return e.services[service].calls }

// Pod is the present state of a replica, with figures cumulative since its creation.
type Pod struct {
	Name    string
	Service int
	// Node is the number of its node, 0 without a [Network].
	Node  int
	Ready bool
	// Ending marks a pod that was scaled away and finishes its calls.
	Ending bool
	// Created is the time of its creation, and Since that of the last change of
	// Ready, in seconds.
	Created, Since float64
	// CPU is core-seconds used; CPULimit is in cores.
	CPU, CPULimit float64
	// Memory and MemoryLimit are bytes.
	Memory, MemoryLimit float64
	// Traffic that the pod has answered; valid until the engine runs on.
	Traffic []Stream
}

// Pods returns every existing replica, including draining ones, by service and
// name.
func (e *Engine) Pods() []Pod {
	var pods []Pod
	for i := range e.replicas {
		r := &e.replicas[i]
		if r.gone {
			continue
		}
		s := &e.services[r.service]
		pods = append(pods, Pod{
			Name: r.name, Service: int(r.service), Node: int(r.node), Ready: r.ready,
			Ending: r.ending, Created: r.created, Since: r.since,
			CPU: e.cpu(r), CPULimit: s.limit,
			Memory: s.memory(r), MemoryLimit: s.memoryLimit,
			Traffic: r.traffic.streams,
		})
	}
	slices.SortFunc(pods, func(a, b Pod) int {
		if a.Service != b.Service {
			return a.Service - b.Service
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return pods
}

// Sent returns the calls to a service as counted by the proxies of its callers,
// including those that no replica took. Valid until the engine runs on.
func (e *Engine) Sent(service int) []Stream { return e.services[service].sent.streams }

// Memory returns bytes used divided by the limit over the ready replicas of a
// service, NaN when there are none or no limit.
func (e *Engine) Memory(service int) float64 {
	s := &e.services[service]
	if len(s.ready) == 0 || s.memoryLimit <= 0 {
		return math.NaN()
	}
	used := 0.0
	for _, id := range s.ready {
		used += s.memory(&e.replicas[id])
	}
	return used / (s.memoryLimit * float64(len(s.ready)))
}

// memory returns bytes up to the limit: the testbed does not kill pods.
func (s *station) memory(r *replica) float64 {
	used := s.idleMemory + s.memoryPerCall*float64(r.inFlight())
	if s.memoryLimit > 0 {
		used = min(used, s.memoryLimit)
	}
	return used
}

func (e *Engine) cpu(r *replica) float64 {
	s := &e.services[r.service]
	r.advance(e.now, s.capacity, s.burst)
	return r.busy + s.idleCPU*(e.now-r.created)
}

// account integrates the numbers of replicas up to now; call it before one of them
// changes.
func (e *Engine) account(service int) {
	s := &e.services[service]
	s.totals.Ready += float64(len(s.ready)) * (e.now - s.accounted)
	s.totals.Limit += float64(s.present) * s.limit * (e.now - s.accounted)
	s.accounted = e.now
}

// quantile is the smallest value that a fraction q of all do not exceed.
func (r Responses) quantile(q float64) float64 {
	if len(r.Seconds) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(r.Seconds))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

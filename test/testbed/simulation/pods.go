package simulation

import (
	"fmt"
	"slices"
)

// SetReplicas scales a service to n pods, as a Deployment would: new ones become
// ready after the start delay, and of the present ones those not yet ready go first,
// then the youngest.
func (e *Engine) SetReplicas(service, n int) error {
	if n < 0 {
		return fmt.Errorf("service %s cannot have %d replicas", e.app.Services[service].Name, n)
	}
	s := &e.services[service]
	e.account(service)
	for len(s.ready)+len(s.starting) < n {
		e.addReplica(service, "", s.startDelay <= 0)
	}
	for len(s.ready)+len(s.starting) > n {
		if last := len(s.starting) - 1; last >= 0 {
			id := s.starting[last]
			s.starting = s.starting[:last]
			e.drain(id)
			continue
		}
		e.unready(service, s.ready[len(s.ready)-1])
	}
	return nil
}

// SpreadStarts delays the readiness of every new pod by a random share of its start
// delay, up to the given one. Without it all pods take the start delay.
func (e *Engine) SpreadStarts(share float64) { e.startSpread = share }

// SetPods makes exactly the named pods of a service ready now, for a driver that
// follows the pods of a live cluster.
func (e *Engine) SetPods(service int, names []string) {
	s := &e.services[service]
	e.account(service)
	for _, id := range slices.Clone(s.ready) {
		if !slices.Contains(names, e.replicas[id].name) {
			e.unready(service, id)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(s.ready, func(id int32) bool { return e.replicas[id].name == name }) {
			e.addReplica(service, name, true)
		}
	}
}

// Ready returns the number of ready replicas of a service.
func (e *Engine) Ready(service int) int { return len(e.services[service].ready) }

func (e *Engine) addReplica(service int, name string, ready bool) {
	s := &e.services[service]
	s.present++
	if name == "" {
		name = podName(e.app.Services[service].Name, s.named)
		s.named++
	}
	var id int32
	if n := len(e.unused); n > 0 {
		id = e.unused[n-1]
		e.unused = e.unused[:n-1]
	} else {
		id = int32(len(e.replicas))
		e.replicas = append(e.replicas, replica{})
	}
	r := &e.replicas[id]
	*r = replica{name: name, service: int32(service), created: e.now, at: e.now, since: e.now, gen: r.gen + 1, ready: ready, credit: s.burst * s.capacity}
	if e.network != nil {
		r.node = int32(e.network.Node(service, name))
	}
	if ready {
		s.ready = append(s.ready, id)
		return
	}
	s.starting = append(s.starting, id)
	delay := s.startDelay
	if e.startSpread > 0 {
		delay *= 1 + e.startSpread*e.starts.uniform()
	}
	e.agenda.push(e.now+delay, started, id, r.gen)
}

func (e *Engine) becomeReady(id int32) {
	r := &e.replicas[id]
	s := &e.services[r.service]
	i := slices.Index(s.starting, id)
	if i < 0 {
		return
	}
	e.account(int(r.service))
	s.starting = slices.Delete(s.starting, i, i+1)
	r.ready, r.since = true, e.now
	s.ready = append(s.ready, id)
}

func (e *Engine) unready(service int, id int32) {
	s := &e.services[service]
	i := slices.Index(s.ready, id)
	s.ready = slices.Delete(s.ready, i, i+1)
	e.drain(id)
}

// drain lets a replica finish its calls; then it is removed.
func (e *Engine) drain(id int32) {
	r := &e.replicas[id]
	r.ready, r.since, r.ending = false, e.now, true
	e.retire(id)
}

func (e *Engine) retire(id int32) {
	r := &e.replicas[id]
	s := &e.services[r.service]
	if r.ready || r.gone || r.active > 0 || r.waiting() > 0 || slices.Contains(s.starting, id) {
		return
	}
	e.account(int(r.service))
	s.present--
	r.advance(e.now, s.capacity, s.burst)
	s.totals.CPU += r.busy + s.idleCPU*(e.now-r.created)
	r.gone = true
	e.unused = append(e.unused, id)
}

// podName looks like the name of a Deployment's pod: the same alphabet, a hash of
// the template and five characters of its own.
func podName(service string, n int) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	suffix := make([]byte, 5)
	for i := range suffix {
		suffix[i] = alphabet[n%len(alphabet)]
		n /= len(alphabet)
	}
	slices.Reverse(suffix)
	return service + "-5d7f9c8b64-" + string(suffix)
}

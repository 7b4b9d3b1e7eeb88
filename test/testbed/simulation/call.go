package simulation

// Codes a call ends with, as HTTP status codes.
const (
	ok          = 200
	failure     = 500 // a callee failed
	unavailable = 503 // no ready replica (flag UH), or its queue is full (UO)
	timeout     = 504 // the caller gave up (UT)
)

// call makes a call to an endpoint on behalf of a parent frame.
func (e *Engine) call(parent ref, endpoint int32) {
	p := &e.programs[endpoint]
	up := &e.frames.all[parent.id]
	user, caller, span, from := up.user, up.service, up.span, up.at
	id, f := e.frames.get()
	e.join(f, user)
	f.ops, f.parent, f.caller = p.ops, parent, caller
	f.service, f.endpoint, f.start = p.service, endpoint, e.now
	if e.users[user].traced {
		e.spans++
		f.span, f.parentSpan = e.spans, span
	}
	r := e.balance(p.service, from)
	if r < 0 {
		e.complete(id, unavailable, "UH")
		return
	}
	s, rep := &e.services[p.service], &e.replicas[r]
	if rep.active >= s.concurrency && rep.waiting() >= s.queue {
		e.complete(id, unavailable, "UO")
		return
	}
	f.at = r
	e.awaitTimeout(p.service, e.frames.ref(id))
	if rep.active >= s.concurrency {
		rep.enqueue(e.frames.ref(id))
		return
	}
	e.admit(id)
}

func (e *Engine) admit(id int32) {
	f := &e.frames.all[id]
	f.admitted = true
	e.replicas[f.at].active++
	e.run(id)
}

// run continues a frame until it has to wait.
func (e *Engine) run(id int32) {
	for {
		f := &e.frames.all[id]
		if int(f.pc) == len(f.ops) {
			e.complete(id, e.outcome(f), "-")
			return
		}
		o := &f.ops[f.pc]
		random := &e.users[f.user].random
		switch o.code {
		case useCPU:
			f.pc++
			e.compute(f.at, job{finish: e.demand(f, o), frame: e.frames.ref(id)})
			return
		case waitOff:
			f.pc++
			e.agenda.push(e.now+e.demand(f, o), wake, id, f.gen)
			return
		case fork:
			f.pc++
			if (o.probability == 1 || random.uniform() < o.probability) && len(o.branches) > 0 {
				e.fork(id, o)
				return
			}
		case callOut:
			if f.repeat < 0 {
				f.repeat = 0
				if o.probability == 1 || random.uniform() < o.probability {
					f.repeat = int32(random.round(o.times))
				}
			}
			if f.repeat == 0 {
				f.repeat = -1
				f.pc++
				continue
			}
			f.repeat--
			e.call(e.frames.ref(id), o.endpoint)
			return
		}
	}
}

func (e *Engine) fork(id int32, o *op) {
	parent := e.frames.ref(id)
	f := &e.frames.all[id]
	f.pending = int32(len(o.branches))
	user, service, at, span := f.user, f.service, f.at, f.span
	for _, branch := range o.branches {
		child, b := e.frames.get()
		e.join(b, user)
		b.ops, b.parent, b.service, b.at, b.span = branch, parent, service, at, span
		b.caller = branchOf
		e.run(child)
	}
}

// branchOf is the caller of a branch, which is no call.
const branchOf = -2

// complete ends a frame and continues its parent.
func (e *Engine) complete(id int32, code int, flag string) {
	f := e.frames.all[id]
	switch {
	case f.caller == branchOf:
	case f.service < 0:
		e.journeyDone(f.user)
	default:
		if f.admitted {
			e.release(f.at)
		}
		e.observe(&f, code, flag)
	}
	e.leave(id)
	if up := e.frames.find(f.parent); up != nil && code == ok && f.caller >= 0 {
		if away := e.travel(up.at, f.at); away > 0 {
			e.agenda.push(e.now+away, wake, f.parent.id, f.parent.gen)
			return
		}
	}
	e.report(f.parent, code, f.caller == branchOf)
}

// report notifies a parent of the end of a child. A failed call fails its calling
// endpoint; a user continues in any case.
func (e *Engine) report(parent ref, code int, branch bool) {
	up := e.frames.find(parent)
	if up == nil {
		return // the parent was given up, so nothing waits for the answer
	}
	if branch {
		up.pending--
		up.failed = up.failed || code != ok
		if up.pending > 0 {
			return
		}
		if up.failed {
			code = failure
		}
	}
	if code != ok && up.service >= 0 {
		e.complete(parent.id, failure, "-")
		return
	}
	e.resume(parent)
}

// resume continues a frame later at the same instant, so that long sequences of
// immediate failures do not nest.
func (e *Engine) resume(r ref) { e.agenda.push(e.now, wake, r.id, r.gen) }

// release frees a place at a replica and takes the next call from its queue.
func (e *Engine) release(at int32) {
	r := &e.replicas[at]
	r.active--
	for {
		next, some := r.dequeue()
		if !some {
			e.retire(at)
			return
		}
		// A call that timed out in the queue is void.
		if e.frames.find(next) != nil {
			e.admitLater(next)
			return
		}
	}
}

func (e *Engine) admitLater(r ref) {
	f := &e.frames.all[r.id]
	f.admitted = true
	e.replicas[f.at].active++
	e.resume(r)
}

// balance picks a ready replica for a call from another, or -1.
func (e *Engine) balance(service, caller int32) int32 {
	s := &e.services[service]
	ready := e.near(s.ready, caller)
	switch n := len(ready); {
	case n == 0:
		return -1
	case n == 1:
		return ready[0]
	case s.roundRobin:
		s.turn++
		return ready[s.turn%n]
	default:
		i := e.random.below(n)
		j := (i + 1 + e.random.below(n-1)) % n
		if e.replicas[ready[j]].inFlight() < e.replicas[ready[i]].inFlight() {
			i = j
		}
		return ready[i]
	}
}

// deadline is when the caller of a frame gives up.
type deadline struct {
	at    float64
	frame ref
}

// awaitTimeout records an outstanding call. All calls to a service have the
// same timeout, so a queue in order of start is in order of deadline, and only
// its head needs an event.
func (e *Engine) awaitTimeout(service int32, f ref) {
	s := &e.services[service]
	s.deadlines = append(s.deadlines, deadline{at: e.now + s.timeout, frame: f})
	if len(s.deadlines)-s.overdue == 1 {
		e.agenda.push(e.now+s.timeout, expiry, service, 0)
	}
}

func (e *Engine) expire(service int32) {
	s := &e.services[service]
	for s.overdue < len(s.deadlines) {
		d := s.deadlines[s.overdue]
		f := e.frames.find(d.frame)
		if f != nil && d.at > e.now {
			e.agenda.push(d.at, expiry, service, 0)
			break
		}
		s.overdue++
		if f != nil {
			e.giveUp(d.frame)
		}
	}
	if s.overdue*2 > len(s.deadlines) {
		s.deadlines = s.deadlines[:copy(s.deadlines, s.deadlines[s.overdue:])]
		s.overdue = 0
	}
}

// giveUp answers the caller with a timeout. The replica continues a call that has
// begun, like a server without notice of the timeout.
func (e *Engine) giveUp(r ref) {
	f := &e.frames.all[r.id]
	parent := f.parent
	e.observe(f, timeout, "UT")
	f.parent = none
	f.caller = abandoned
	if !f.admitted {
		e.leave(r.id)
	}
	e.report(parent, timeout, false)
}

// abandoned is the caller of a call that was answered already.
const abandoned = -3

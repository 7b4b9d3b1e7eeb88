package simulation

// kind is the kind of an event.
type kind uint8

const (
	arrival kind = iota // the next user request of the load is due
	compute             // a replica completes a call's CPU time, or its saved CPU runs out
	wake                // a frame has waited long enough off the CPU
	expiry              // the oldest outstanding call to a service may have timed out
	started             // a pod becomes ready
)

// event is due at a time. An abandoned reference has an old generation.
type event struct {
	at   float64
	seq  uint64 // order of scheduling, so that ties are reproducible
	id   int32
	gen  uint32
	kind kind
}

func (e event) before(o event) bool {
	if e.at != o.at {
		return e.at < o.at
	}
	return e.seq < o.seq
}

// agenda is a heap of events by value, with four children to a parent: half as deep as
// a binary one, and siblings share cache lines. Pushing allocates only to grow.
type agenda struct {
	events []event
	seq    uint64
}

const children = 4

func (a *agenda) push(at float64, k kind, id int32, gen uint32) {
	a.seq++
	e := event{at: at, seq: a.seq, id: id, gen: gen, kind: k}
	a.events = append(a.events, e)
	i := len(a.events) - 1
	for i > 0 {
		parent := (i - 1) / children
		// The new event has the highest number, so it is before another only by its time.
		if at >= a.events[parent].at {
			break
		}
		a.events[i] = a.events[parent]
		i = parent
	}
	a.events[i] = e
}

func (a *agenda) pop() event {
	first := a.events[0]
	last := len(a.events) - 1
	e := a.events[last]
	a.events = a.events[:last]
	i := 0
	for {
		child := children*i + 1
		if child >= last {
			break
		}
		least := child
		for j := child + 1; j < min(child+children, last); j++ {
			if a.events[j].before(a.events[least]) {
				least = j
			}
		}
		if !a.events[least].before(e) {
			break
		}
		a.events[i] = a.events[least]
		i = least
	}
	if last > 0 {
		a.events[i] = e
	}
	return first
}

package simulation

// kind says what an event does.
type kind uint8

const (
	arrival kind = iota // the next user request of the load is due
	compute             // a replica completes a call's CPU time, or its saved CPU runs out
	wake                // a frame has waited long enough off the CPU
	expiry              // the oldest outstanding call to a service may have timed out
	started             // a pod becomes ready
)

// event is due at a time. A reference that was given up since has an old generation.
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

// agenda is a binary heap of events by value: pushing allocates only to grow.
type agenda struct {
	events []event
	seq    uint64
}

func (a *agenda) push(at float64, k kind, id int32, gen uint32) {
	a.seq++
	a.events = append(a.events, event{at: at, seq: a.seq, id: id, gen: gen, kind: k})
	i := len(a.events) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !a.events[i].before(a.events[parent]) {
			return
		}
		a.events[i], a.events[parent] = a.events[parent], a.events[i]
		i = parent
	}
}

func (a *agenda) pop() event {
	first := a.events[0]
	last := len(a.events) - 1
	e := a.events[last]
	a.events = a.events[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && a.events[child+1].before(a.events[child]) {
			child++
		}
		if !a.events[child].before(e) {
			break
		}
		a.events[i] = a.events[child]
		i = child
	}
	if last > 0 {
		a.events[i] = e
	}
	return first
}

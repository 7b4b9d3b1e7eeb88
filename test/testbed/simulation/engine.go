package simulation

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Engine is one running application. It is not safe for concurrent use.
type Engine struct {
	app      *app.Application
	programs []program
	index    map[[2]string]int32
	buckets  []float64

	now      float64
	seed     uint64
	random   stream // load balancing
	agenda   agenda
	frames   frames
	replicas []replica
	unused   []int32 // replicas that are gone
	services []station
	scratch  []ref

	network   *Network
	travelled [distances]uint64
	choice    []int32 // of near

	startSpread float64
	starts      stream

	load     Load
	users    []user
	idle     []int32 // free slots of users
	journeys [][]op
	awaited  uint32 // generation of the arrival that is due
	begun    uint64

	responses Responses
	sampling  float64
	trace     func(Span)
	spans     uint64
}

// station is the common state of all replicas of one service.
type station struct {
	limit           float64 // cores
	capacity, burst float64 // cores left for calls; seconds of them that are saved
	idleCPU         float64
	idleMemory      float64
	memoryPerCall   float64
	memoryLimit     float64
	concurrency     int
	queue           int
	timeout         float64
	startDelay      float64
	roundRobin      bool
	fault           Fault
	ready, starting []int32
	turn            int
	present         int // replicas that exist
	named           int // pods named so far
	deadlines       []deadline
	overdue         int
	sent            traffic
	calls           []uint64 // to each service
	totals          Totals
	accounted       float64
}

// New returns an engine at time 0 with the replicas of the description, all ready.
// The same seed gives the same requests, whatever the replicas.
func New(a *app.Application, seed uint64) (*Engine, error) {
	programs, index, err := compile(a)
	if err != nil {
		return nil, fmt.Errorf("application %s: %w", a.Name, err)
	}
	e := &Engine{app: a, programs: programs, index: index, buckets: Buckets(), seed: seed, random: newStream(seed, balancing), starts: newStream(seed, starting)}
	for i := range a.Services {
		s := &a.Services[i]
		if s.Resources.Limits.CPU <= s.Idle.CPU {
			return nil, fmt.Errorf("application %s: service %s needs a CPU limit above its idle use", a.Name, s.Name)
		}
		e.services = append(e.services, station{
			limit: float64(s.Resources.Limits.CPU), burst: s.Burst.D().Seconds(),
			capacity: float64(s.Resources.Limits.CPU - s.Idle.CPU),
			idleCPU:  float64(s.Idle.CPU), idleMemory: float64(s.Idle.Memory),
			memoryPerCall: float64(s.MemoryPerCall), memoryLimit: float64(s.Resources.Limits.Memory),
			concurrency: s.Concurrency, queue: s.Queue,
			timeout: s.Timeout.D().Seconds(), startDelay: s.StartDelay.D().Seconds(),
			fault:      Fault{Slowdown: 1},
			roundRobin: a.Balancing == app.RoundRobin,
			calls:      make([]uint64, len(a.Services)),
		})
	}
	for i := range a.Users.Journeys {
		e.journeys = append(e.journeys, e.compileJourney(&a.Users.Journeys[i]))
	}
	for i := range e.services {
		for range a.Services[i].Replicas {
			e.addReplica(i, "", true)
		}
	}
	return e, nil
}

// Numbers of the random streams of a seed. Users have those from firstUser on.
const (
	balancing = iota
	starting
	firstUser = 1 << 32
)

// Application returns the application of the engine.
func (e *Engine) Application() *app.Application { return e.app }

// Now returns the time in seconds since the start.
func (e *Engine) Now() float64 { return e.now }

// Run processes everything that is due until a time in seconds, which becomes the
// present. A time in the past has no effect.
func (e *Engine) Run(until float64) {
	for len(e.agenda.events) > 0 && e.agenda.events[0].at <= until {
		ev := e.agenda.pop()
		e.now = max(e.now, ev.at)
		switch ev.kind {
		case arrival:
			if ev.gen == e.awaited {
				e.arrive()
			}
		case compute:
			if r := &e.replicas[ev.id]; r.gen == ev.gen && !r.gone {
				e.serve(ev.id)
			}
		case wake:
			if e.frames.find(ref{ev.id, ev.gen}) != nil {
				e.run(ev.id)
			}
		case expiry:
			e.expire(ev.id)
		case started:
			if r := &e.replicas[ev.id]; r.gen == ev.gen && !r.gone {
				e.becomeReady(ev.id)
			}
		}
	}
	e.now = max(e.now, until)
}

// compute gives a call a need for CPU time.
func (e *Engine) compute(at int32, j job) {
	r := &e.replicas[at]
	s := &e.services[r.service]
	r.advance(e.now, s.capacity, s.burst)
	j.finish += r.attained
	r.push(j)
	e.reschedule(at)
}

func (e *Engine) serve(at int32) {
	r := &e.replicas[at]
	s := &e.services[r.service]
	r.advance(e.now, s.capacity, s.burst)
	done := e.scratch[:0]
	for len(r.jobs) > 0 && r.jobs[0].finish <= r.attained+resolution {
		done = append(done, r.popJob().frame)
	}
	e.scratch = done[:0]
	if len(done) == 1 {
		// The usual case; the work may overwrite scratch, so a loop over it would
		// fail.
		e.run(done[0].id)
	} else {
		for _, f := range done {
			e.resume(f)
		}
	}
	e.reschedule(at)
}

func (e *Engine) reschedule(at int32) {
	r := &e.replicas[at]
	r.gen++
	if next := r.next(e.services[r.service].capacity); !math.IsInf(next, 1) {
		e.agenda.push(max(next, e.now), compute, at, r.gen)
	}
}

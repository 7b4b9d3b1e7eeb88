package simulation

import "math"

// job is a call's need for CPU at a replica, done when the replica's attained service
// reaches finish.
type job struct {
	finish float64
	frame  ref
}

// replica is one pod: a processor-sharing server.
type replica struct {
	name    string
	service int32
	node    int32 // 0 without a network
	created float64
	ready   bool
	since   float64 // when ready last changed
	ending  bool    // scaled away
	gone    bool

	// jobs is a heap by finish. attained is the CPU seconds that each job present
	// since the start would have had: under processor sharing all get the same.
	jobs     []job
	attained float64
	at       float64 // when attained, credit and busy were brought up to date
	credit   float64 // CPU seconds saved up, see app.Serving.Burst
	busy     float64 // CPU seconds spent on calls
	gen      uint32

	active int
	queue  []ref
	head   int

	traffic traffic
}

func (r *replica) waiting() int { return len(r.queue) - r.head }

// inFlight returns the number of calls that load balancing compares.
func (r *replica) inFlight() int { return r.active + r.waiting() }

// rate returns the CPU of each job, in cores.
func (r *replica) rate(limit float64) float64 {
	n := float64(len(r.jobs))
	if r.credit > 0 || n <= limit {
		return 1
	}
	return limit / n
}

// advance updates the replica to the present. The rate is constant since the last
// call, because every change of it is an event.
func (r *replica) advance(now, limit, burst float64) {
	dt := now - r.at
	if dt <= 0 {
		return
	}
	r.at = now
	n := float64(len(r.jobs))
	used := 0.0
	if n > 0 {
		rate := r.rate(limit)
		r.attained += rate * dt
		used = n * rate
		r.busy += used * dt
	}
	r.credit = min(r.credit+(limit-used)*dt, burst*limit)
	if r.credit < resolution {
		r.credit = 0
	}
}

// next returns the time of the replica's next event: a job ends or its credit is
// used up.
func (r *replica) next(limit float64) float64 {
	if len(r.jobs) == 0 {
		return math.Inf(1)
	}
	rate := r.rate(limit)
	at := r.at + max(0, r.jobs[0].finish-r.attained)/rate
	if excess := float64(len(r.jobs))*rate - limit; r.credit > 0 && excess > 0 {
		at = min(at, r.at+r.credit/excess)
	}
	return at
}

func (r *replica) push(j job) {
	r.jobs = append(r.jobs, j)
	i := len(r.jobs) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if r.jobs[parent].finish <= r.jobs[i].finish {
			return
		}
		r.jobs[i], r.jobs[parent] = r.jobs[parent], r.jobs[i]
		i = parent
	}
}

func (r *replica) popJob() job {
	first := r.jobs[0]
	last := len(r.jobs) - 1
	r.jobs[0] = r.jobs[last]
	r.jobs = r.jobs[:last]
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && r.jobs[child+1].finish < r.jobs[child].finish {
			child++
		}
		if r.jobs[i].finish <= r.jobs[child].finish {
			break
		}
		r.jobs[i], r.jobs[child] = r.jobs[child], r.jobs[i]
		i = child
	}
	if len(r.jobs) == 0 {
		// A new origin keeps the sums small and so exact.
		r.attained = 0
	}
	return first
}

func (r *replica) enqueue(f ref) { r.queue = append(r.queue, f) }

func (r *replica) dequeue() (ref, bool) {
	if r.waiting() == 0 {
		return ref{}, false
	}
	f := r.queue[r.head]
	r.head++
	if r.head > 64 && r.head*2 > len(r.queue) {
		r.queue = r.queue[:copy(r.queue, r.queue[r.head:])]
		r.head = 0
	}
	return f, true
}

// resolution is the CPU time that counts as zero, in seconds. It is well above the
// rounding of times of weeks, so that every event makes progress.
const resolution = 1e-9

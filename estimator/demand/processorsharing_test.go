package demand

import (
	"math"
	"math/rand/v2"
	"slices"
)

// processorSharing is a service whose truth is known: r replicas share the
// requests at random, so each is an M/M/1-PS queue with mean latency off +
// S/(1−ρ), ρ = λ·S/r.
type processorSharing struct {
	r *rand.Rand
	// service is the mean time S a request needs on a replica of its own, off
	// the time it spends off the CPU, in seconds; idle is CPU without requests.
	service, off, idle float64

	replicas []psReplica
	now      float64
}

// psReplica gives all its jobs the same: attained is what a job that was there
// from the start would have had, in seconds.
type psReplica struct {
	attained, next float64 // next is the lowest finish of the jobs
	jobs           []psJob
}

type psJob struct{ finish, arrived float64 }

// impatient is the number of requests in a replica at which users go away.
const impatient = 400

func (p *psReplica) add(j psJob) {
	if len(p.jobs) < impatient {
		p.jobs = append(p.jobs, j)
		p.next = min(p.next, j.finish)
	}
}

// takeNext removes the job that finishes first.
func (p *psReplica) takeNext() psJob {
	k := slices.IndexFunc(p.jobs, func(j psJob) bool { return j.finish == p.next })
	out := p.jobs[k]
	p.jobs[k] = p.jobs[len(p.jobs)-1]
	p.jobs = p.jobs[:len(p.jobs)-1]
	p.next = math.Inf(1)
	for _, j := range p.jobs {
		p.next = min(p.next, j.finish)
	}
	return out
}

// resize adds replicas, or takes some away, whose requests are retried
// elsewhere.
func (p *processorSharing) resize(replicas int) {
	for len(p.replicas) < replicas {
		p.replicas = append(p.replicas, psReplica{next: math.Inf(1)})
	}
	gone := slices.Clone(p.replicas[replicas:])
	p.replicas = p.replicas[:replicas]
	for _, g := range gone {
		for _, j := range g.jobs {
			to := &p.replicas[p.r.IntN(replicas)]
			to.add(psJob{finish: j.finish - g.attained + to.attained, arrived: j.arrived})
		}
	}
}

// run lets requests arrive at a rate for some seconds and returns what a mesh
// and the kernel would have seen.
func (p *processorSharing) run(rate float64, replicas int, seconds float64) (requests, cpu, latency float64) {
	p.resize(replicas)
	end := p.now + seconds
	answered, sum, busy := 0.0, 0.0, 0.0
	arrival := p.now + p.r.ExpFloat64()/rate
	for p.now < end {
		at, done := min(arrival, end), -1
		for i := range p.replicas {
			if r := &p.replicas[i]; len(r.jobs) > 0 {
				if t := p.now + (r.next-r.attained)*float64(len(r.jobs)); t < at {
					at, done = t, i
				}
			}
		}
		for i := range p.replicas {
			if r := &p.replicas[i]; len(r.jobs) > 0 {
				r.attained += (at - p.now) / float64(len(r.jobs))
				busy += at - p.now
			}
		}
		p.now = at
		switch {
		case done >= 0:
			answered++
			sum += at - p.replicas[done].takeNext().arrived + p.off
		case at == arrival:
			to := &p.replicas[p.r.IntN(replicas)]
			to.add(psJob{finish: to.attained + p.service*p.r.ExpFloat64(), arrived: at})
			arrival = at + p.r.ExpFloat64()/rate
		}
	}
	return answered / seconds, busy/seconds/float64(replicas)*(1-p.idle) + p.idle, sum / answered
}

// truth is the smallest number of replicas whose mean latency is at most share.
func (p *processorSharing) truth(rate, share float64) int {
	for n := 1; ; n++ {
		if rho := rate * p.service / float64(n); rho < 1 && p.off+p.service/(1-rho) <= share {
			return n
		}
	}
}

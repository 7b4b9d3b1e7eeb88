package queueing

import "math"

// demand is the CPU a service needs, by the utilisation law (Denning & Buzen
// 1978): utilisation per replica = idle + perRequest · requests per replica.
type demand struct {
	// perRequest is in replica-seconds per request; 0 for a service that
	// answered none.
	perRequest float64
	// idle is the utilisation of a replica without requests.
	idle float64
	// base is the number of replicas kept busy by a service that answered no
	// request in the whole window, and so by something else.
	base float64
}

// demandMemory is the number of steps after which a sample counts half: CPU per
// request changes with the mix of requests and with every release.
const demandMemory = 4

// loadNoise is the relative error of a step's request rate: requests are
// counted over a step that is not quite the one CPU is measured over. Variation
// of that size is no variation of the load, and a line fitted through it is too
// flat.
const loadNoise = 0.05

// minFit is how many samples a regression needs for its standard error to mean
// anything.
const minFit = 6

// maxIdle bounds the idle share of a replica to half the lowest utilisation
// that is usually planned for; what keeps it busier than that counts as work.
const maxIdle = 0.25

// fitDemand estimates the demand from a station whose size is known.
//
// CPU divided by requests alone would count the idle share as work, so that a
// service at low load seemed to need more per request than it does. The idle
// share is therefore taken out first, but only as far as the window proves it:
// the lower end of the regression's confidence interval (two standard errors),
// times the share of the variation that is not noise (the reliability ratio of
// a regression with errors in its variable). Where the load varied it is close to the truth; where it did not, the interval
// reaches to zero and what is left is the plain ratio, under which replicas
// follow utilisation ÷ target like those of a Resource metric. The median keeps
// one outlier, such as the CPU of a starting pod, out of it.
//
// Both estimates agree on the replicas at which utilisation meets its target.
// They differ only on the way there, and the ratio errs towards more replicas.
// Saturated steps may be used: a replica at its limit still does the same work
// per request.
func fitDemand(s *station) demand {
	var line regression
	lowest, busy := math.Inf(1), 0.0
	for t := range s.requests {
		if s.complete(t) && s.replicas[t] > 0 {
			line.add(s.requests[t]/s.replicas[t], s.cpu[t])
			lowest = min(lowest, s.cpu[t])
			busy = s.cpu[t] * s.replicas[t]
		}
	}
	var d demand
	if line.n >= minFit && line.slope() > 0 {
		value, stderr := line.intercept()
		noise := loadNoise * line.meanU
		reliability := max(0, 1-line.n*noise*noise/line.uu)
		d.idle = max(0, min(reliability*(value-2*stderr), lowest, maxIdle))
	}
	var ratios []sample
	for t := range s.requests {
		if s.complete(t) && s.replicas[t] > 0 && s.requests[t] > 0 {
			age := float64(s.sized - t)
			ratios = append(ratios, sample{
				value:  (s.cpu[t] - d.idle) * s.replicas[t] / s.requests[t],
				weight: s.requests[t] * math.Exp2(-age/demandMemory),
			})
		}
	}
	if len(ratios) == 0 {
		return demand{base: busy}
	}
	d.perRequest = weightedMedian(ratios)
	return d
}

// replicas returns the fractional replicas that serve the given request rate at
// the target utilisation with at least headroom standard deviations to spare.
func (d demand) replicas(rate, target, headroom float64) float64 {
	if d.perRequest == 0 {
		return d.base / target
	}
	idle := min(d.idle, target/2)
	offered := rate * d.perRequest
	n := offered / (target - idle)
	if a := offered / (1 - idle); a+headroom*math.Sqrt(a) > n {
		n = a + headroom*math.Sqrt(a)
	}
	return n
}

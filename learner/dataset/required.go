package dataset

import (
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Required labels every step with the replicas that would have been enough: in
// hindsight, the smallest count with which the service would have kept its
// share of the SLO under the load it then had. Unlike [Observed] it does not
// teach a network the habits of whatever scaled the service while the telemetry
// was recorded.
//
// It needs the features replicas r, cpu u (used ÷ limit over all pods),
// requests q (per second) and latency L (seconds) of the estimator package.
//
// # Derivation
//
// Demand. By the utilisation law (Denning & Buzen 1978) u = idle + d·q/r, where
// d is the time in which one request keeps one replica at its limit. idle is
// the intercept of a robust line through u over q/r, as far as the data prove
// it, and d the median of (u−idle)·r/q, both over steps of the training part in
// which the service was not saturated and its replicas did not change. Because
// the mix of requests changes, a step uses the median of the last few such
// steps where there are enough of them, looking back only.
//
// Latency. The service's own curve L(u) = L₀·(1 + c·u/(1−u)) is fitted to the
// same steps by least absolute relative deviations. c = 1 is processor sharing;
// more replicas behind one queue, or time spent off the CPU, make it smaller.
// Where utilisation varied too little to tell, c is taken to be 1. With the
// invocation graph the time spent waiting for callees is taken off L first
// (mean calls for each call, one after the other; a service that fans out so
// widely that nothing would be left keeps its whole latency).
//
// Share. Each service may be as many times slower than its median as the
// application may: share = SLO·(median of the service)/(median of the entry).
// The shares of the services a request visits then add up to the SLO in
// proportion to their contributions. (A service slower than the entry, which
// few requests reach, may take the SLO itself.) Entries are the services that
// nobody in the graph calls; without a graph, the one with the highest latency.
// Without an SLO the share is a multiple of L₀.
//
// Target. The highest utilisation u* at which L(u*) ≤ share, within the bounds,
// and not far beyond any utilisation at which the service was ever seen.
//
// Label. max(1, ⌈q·d/(u*−idle) − tolerance⌉), see [estimator.Sizing.Enough].
//
// # Saturation
//
// While a service is saturated, at u ≥ 0.9, or when it answers no more than
// before while its latency is far above what the curve explains, demand is
// hidden: q counts what was answered, not what was asked for. Such a step
// bounds the requirement from below and is never evidence that fewer replicas
// would have done: label = max(label, r), and r+1 where the CPU shows that r
// were too few. For the label, q is then raised to the arrivals that conserve
// the flow, q/(1−dL/dt): what a first-come-first-served queue answers up to t
// arrived up to t−L(t). Under processor sharing the truth is higher still, so
// this too is a lower bound.
//
// A step without requests or cpu has no label, nor has a service that answered
// nothing in the whole training part.
type Required struct {
	// SLO bounds the response time of the requests that enter the application,
	// callees included; 0 when none is set.
	SLO time.Duration
	// SLOPercentile says what SLO bounds: 0 the mean, or the given percentile
	// as a fraction (0.95 for p95), turned into a bound on the mean by the
	// exponential law of the response time in M/M/1.
	SLOPercentile float64
	// Calls is the invocation graph with mean calls for each call as weights;
	// nil when it is not known.
	Calls []Edge
	// Slowdown is the multiple of its unloaded latency that a service may take
	// when there is no SLO; 3 by default, which under processor sharing is a
	// utilisation of two thirds.
	Slowdown float64
	// MinUtilisation and MaxUtilisation bound the target as fractions of the CPU
	// limit; 0.3 and 0.9 by default. Below 0.3 a replica is within half of its
	// unloaded latency, and more of them cannot save an SLO that is not kept.
	MinUtilisation, MaxUtilisation float64
}

func (r Required) complete() Required {
	if r.Slowdown == 0 {
		r.Slowdown = 3
	}
	if r.MinUtilisation == 0 {
		r.MinUtilisation = 0.3
	}
	if r.MaxUtilisation == 0 {
		r.MaxUtilisation = estimator.SaturatedFrom
	}
	return r
}

func (r Required) validate(services int) error {
	switch {
	case r.SLO < 0:
		return fmt.Errorf("slo is %v, want a duration of at least 0 (0 for none)", r.SLO)
	case !(r.SLOPercentile == 0 || r.SLOPercentile >= 0.5 && r.SLOPercentile < 1):
		return fmt.Errorf("slo percentile is %v, want 0 for the mean or a fraction from 0.5 to below 1", r.SLOPercentile)
	case !(r.Slowdown > 1) || math.IsInf(r.Slowdown, 1):
		return fmt.Errorf("slowdown is %v, want a finite number above 1", r.Slowdown)
	case !(r.MinUtilisation > 0 && r.MinUtilisation <= r.MaxUtilisation && r.MaxUtilisation < 1):
		return fmt.Errorf("utilisation is bounded by %v and %v, want ascending fractions between 0 and 1", r.MinUtilisation, r.MaxUtilisation)
	}
	if err := checkEdges(r.Calls, services); err != nil {
		return fmt.Errorf("invocation graph: %w", err)
	}
	return nil
}

// meanSLO returns the bound on the mean response time in seconds, 0 for none.
func (r Required) meanSLO() float64 {
	if r.SLOPercentile == 0 {
		return r.SLO.Seconds()
	}
	return r.SLO.Seconds() / -math.Log1p(-r.SLOPercentile)
}

// Label implements [Labeller].
func (r Required) Label(s *Series, train Range) ([]float64, error) {
	labels, _, err := r.labels(s, train)
	return labels, err
}

// labels returns the labels and what they rest on.
func (r Required) labels(s *Series, train Range) ([]float64, []Requirement, error) {
	logs, fitted, err := r.fit(s, train)
	if err != nil {
		return nil, nil, err
	}
	n := len(s.Services)
	labels := make([]float64, s.Steps()*n)
	for i, log := range logs {
		need := newNeed(log, fitted[i])
		for t := range s.Steps() {
			labels[t*n+i] = need.at(t)
		}
	}
	return labels, fitted, nil
}

// Fit returns what was learnt about every service from the steps of train, in
// the order of the services.
func (r Required) Fit(s *Series, train Range) ([]Requirement, error) {
	_, fitted, err := r.fit(s, train)
	return fitted, err
}

func (r Required) fit(s *Series, train Range) ([]*serviceLog, []Requirement, error) {
	r = r.complete()
	if err := r.validate(len(s.Services)); err != nil {
		return nil, nil, err
	}
	logs, err := newServiceLogs(s)
	if err != nil {
		return nil, nil, err
	}
	findWaiting(logs, r.Calls)
	separateLatencies(logs, r.Calls, train)
	fitted := make([]Requirement, len(logs))
	for i, log := range logs {
		fitted[i] = fitRequirement(s.Services[i], log, train)
	}
	r.setTargets(fitted, logs, train)
	return logs, fitted, nil
}

// serviceLog is the history of one service, by step. NaN marks what is missing.
type serviceLog struct {
	step float64 // seconds

	replicas, cpu, requests []float64
	// latency is the whole response time, own that without the callees.
	latency, own []float64
	// waiting marks the steps in which it may have waited for a saturated callee.
	waiting []bool
}

func newServiceLogs(s *Series) ([]*serviceLog, error) {
	var columns [4]int
	for i, f := range []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests, estimator.Latency} {
		c, err := s.column(string(f))
		if err != nil {
			return nil, fmt.Errorf("the replicas that were required follow from replicas, cpu, requests and latency: %w", err)
		}
		columns[i] = c
	}
	logs := make([]*serviceLog, len(s.Services))
	for n := range logs {
		var values [4][]float64
		for i, c := range columns {
			values[i] = make([]float64, s.Steps())
			for t := range values[i] {
				values[i][t] = s.At(t, n, c)
			}
		}
		logs[n] = &serviceLog{step: s.Step.Seconds(), replicas: values[0], cpu: values[1], requests: values[2], latency: values[3], own: values[3]}
	}
	return logs, nil
}

package demand

import (
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Objective is what replicas are to achieve. The zero value of each field is its
// default.
type Objective struct {
	// SLO bounds the response time of the requests that enter the application,
	// callees included; 0 when none is set.
	SLO time.Duration
	// SLOPercentile says what SLO bounds: 0 the mean, or the given percentile
	// as a fraction (0.95 for p95). See [MeanSLO].
	SLOPercentile float64
	// Slowdown is the multiple of its unloaded latency that a service may take
	// when there is no SLO; 3 by default, which under processor sharing is a
	// utilisation of two thirds.
	Slowdown float64
	// MinUtilisation and MaxUtilisation bound the target as fractions of the CPU
	// limit; 0.3 and 0.9 by default. Below 0.3 a replica is within half of its
	// unloaded latency, and more of them cannot save an SLO that is not kept.
	MinUtilisation, MaxUtilisation float64
}

func (o Objective) complete() Objective {
	if o.Slowdown == 0 {
		o.Slowdown = 3
	}
	if o.MinUtilisation == 0 {
		o.MinUtilisation = 0.3
	}
	if o.MaxUtilisation == 0 {
		o.MaxUtilisation = SaturatedFrom
	}
	return o
}

func (o Objective) validate() error {
	switch {
	case o.SLO < 0:
		return fmt.Errorf("slo is %v, want a duration of at least 0 (0 for none)", o.SLO)
	case !(o.SLOPercentile == 0 || o.SLOPercentile >= 0.5 && o.SLOPercentile < 1):
		return fmt.Errorf("slo percentile is %v, want 0 for the mean or a fraction from 0.5 to below 1", o.SLOPercentile)
	case !(o.Slowdown > 1) || math.IsInf(o.Slowdown, 1):
		return fmt.Errorf("slowdown is %v, want a finite number above 1", o.Slowdown)
	case !(o.MinUtilisation > 0 && o.MinUtilisation <= o.MaxUtilisation && o.MaxUtilisation < 1):
		return fmt.Errorf("utilisation is bounded by %v and %v, want ascending fractions between 0 and 1", o.MinUtilisation, o.MaxUtilisation)
	}
	return nil
}

// Hindsight is what the services of an application turned out to need.
type Hindsight struct {
	fitted []Requirement
	logs   []*history
}

// Look learns about every service from the steps of train. The calls are the
// invocation graph, nil when it is not known. It is an error when o does not
// validate.
func (o Objective) Look(services []Service, calls []estimator.Edge, train estimator.Range) (*Hindsight, error) {
	o = o.complete()
	if err := o.validate(); err != nil {
		return nil, err
	}
	h := &Hindsight{logs: make([]*history, len(services)), fitted: make([]Requirement, len(services))}
	callees := make([][]estimator.Edge, len(services))
	for _, e := range calls {
		if e.Source != e.Destination {
			callees[e.Source] = append(callees[e.Source], e)
		}
	}
	for i, s := range services {
		h.logs[i] = &history{Service: s, own: OwnLatency(s.Latency, func(yield func([]float64, float64) bool) {
			for _, e := range callees[i] {
				if !yield(services[e.Destination].Latency, e.Weight) {
					return
				}
			}
		}, train)}
	}
	findWaiting(h.logs, calls)
	findHeld(h.logs, calls)
	for i, log := range h.logs {
		h.fitted[i] = fitRequirement(log, train)
	}
	o.setTargets(h.fitted, h.logs, calls, train)
	return h, nil
}

// Fitted returns what was learnt about every service, in their order.
func (h *Hindsight) Fitted() []Requirement { return h.fitted }

// history is that of one service, by step.
type history struct {
	Service
	// own is the latency without that of the callees.
	own []float64
	// waiting marks the steps in which it may have waited for a saturated callee.
	waiting []bool
	// held marks those in which saturation held demand for it back.
	held []bool
}

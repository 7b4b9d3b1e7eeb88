package demand

import (
	"github.com/deepscaler/deepscaler/estimator"
)

// Hindsight is the need of the services of an application, measured afterwards.
type Hindsight struct {
	// Fitted has the fit of every service, in their order.
	Fitted []Requirement
	logs   []*history
}

// Look fits every service on the steps of train. The calls are the invocation
// graph, nil if unknown. An invalid SLO is an error.
func Look(p Policy, services []Service, calls []estimator.Edge, train estimator.Range) (*Hindsight, error) {
	if err := p.SLO.Validate(); err != nil {
		return nil, err
	}
	h := &Hindsight{logs: make([]*history, len(services)), Fitted: make([]Requirement, len(services))}
	callees := make([][]Callee, len(services))
	for _, e := range calls {
		if e.Source != e.Destination {
			callees[e.Source] = append(callees[e.Source], Callee{services[e.Destination].Latency, e.Weight})
		}
	}
	for i, s := range services {
		h.logs[i] = &history{Service: s, own: OwnLatency(nil, s.Latency, callees[i], train)}
	}
	findWaiting(h.logs, calls)
	findHeld(h.logs, calls)
	for i, log := range h.logs {
		h.Fitted[i] = fitRequirement(log, train)
	}
	p.plan(h.Fitted, h.logs, calls, train)
	return h, nil
}

// history is the history of one service, by step.
type history struct {
	Service
	// own is the latency without that of callees.
	own []float64
	// waiting marks the steps in which it may have waited for a saturated callee.
	waiting []bool
	// held marks those in which saturation held demand for it back.
	held []bool
}

package samples

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Required labels every step with the fractional replicas that would have been
// enough: in hindsight, the fewest with which the service would have kept its
// share of the SLO under the load it then had. Unlike [Observed] it does not
// teach a network the habits of whatever scaled the service while the telemetry
// was recorded. Package demand says how.
//
// It needs the features replicas, cpu, requests and latency of the estimator
// package.
type Required struct {
	// SLO bounds the response time of the requests that enter the application,
	// callees included; 0 when none is set.
	SLO time.Duration
	// SLOPercentile says what SLO bounds: 0 the mean, or the given percentile
	// as a fraction (0.95 for p95), see [demand.MeanSLO].
	SLOPercentile float64
	// Calls is the invocation graph with mean calls for each call as weights;
	// nil when it is not known.
	Calls []estimator.Edge
}

// Label implements [Labeller].
func (r Required) Label(s *estimator.Window, train estimator.Range) (Labels, error) {
	labels, _, err := r.labels(s, train)
	return labels, err
}

// labels returns the labels and what they rest on.
func (r Required) labels(s *estimator.Window, train estimator.Range) (Labels, []demand.Requirement, error) {
	h, err := r.look(s, train)
	if err != nil {
		return Labels{}, nil, err
	}
	n := len(s.Services)
	labels := Labels{Values: make([]float64, s.Steps*n), Censored: make([]bool, s.Steps*n)}
	for i := range s.Services {
		for t, need := range h.Needs(i) {
			labels.Values[t*n+i], labels.Censored[t*n+i] = need.Replicas, need.AtLeast
		}
	}
	return labels, h.Fitted(), nil
}

// Fit returns what was learnt about every service from the steps of train, in
// the order of the services.
func (r Required) Fit(s *estimator.Window, train estimator.Range) ([]demand.Requirement, error) {
	h, err := r.look(s, train)
	if err != nil {
		return nil, err
	}
	return h.Fitted(), nil
}

func (r Required) look(s *estimator.Window, train estimator.Range) (*demand.Hindsight, error) {
	if err := estimator.ValidateEdges(r.Calls, len(s.Services)); err != nil {
		return nil, fmt.Errorf("invocation graph: %w", err)
	}
	for _, f := range []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests, estimator.Latency} {
		if _, err := column(s, f); err != nil {
			return nil, fmt.Errorf("the replicas that were required follow from replicas, cpu, requests and latency: %w", err)
		}
	}
	return demand.Objective{SLO: r.SLO, SLOPercentile: r.SLOPercentile}.Look(demand.Services(s), r.Calls, train)
}

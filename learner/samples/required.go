package samples

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Required labels every step with the fractional replicas that would have been enough. In
// hindsight they are the fewest with which the service would have kept its share of the SLO
// under the load it then had. Unlike [Observed] it does not teach a network the habits of the
// autoscaler during the recording. See package demand.
//
// It needs the features replicas, cpu, requests and latency of the estimator
// package.
type Required struct {
	// SLO bounds the response time of the requests that enter the application,
	// callees included; 0 when none is set.
	SLO time.Duration
	// SLOPercentile selects what SLO bounds: 0 the mean, or the given
	// percentile as a fraction (0.95 for p95), see [demand.SLO].
	SLOPercentile float64
	// Calls is the invocation graph with mean calls for each call as weights;
	// nil when it is not known.
	Calls []estimator.Edge
	// MinUtilisation and MaxUtilisation bound what replicas are counted for, as
	// fractions of the CPU limit; see [demand.Policy].
	MinUtilisation, MaxUtilisation float64
}

// Label implements [Labeller].
func (r Required) Label(s *estimator.Window, train estimator.Range) (Labels, error) {
	h, err := r.Look(s, train)
	if err != nil {
		return Labels{}, err
	}
	return required(h, len(s.Services), s.Steps), nil
}

func required(h *demand.Hindsight, services, steps int) Labels {
	labels := Labels{Values: make([]float64, steps*services), Censored: make([]bool, steps*services)}
	for n := range services {
		for t, need := range h.Needs(n) {
			labels.Values[t*services+n], labels.Censored[t*services+n] = need.Replicas, need.AtLeast
		}
	}
	return labels
}

// Look returns the needs of the services in hindsight, fitted on the steps of train.
func (r Required) Look(s *estimator.Window, train estimator.Range) (*demand.Hindsight, error) {
	if err := estimator.ValidateEdges(r.Calls, len(s.Services)); err != nil {
		return nil, fmt.Errorf("invocation graph: %w", err)
	}
	for _, f := range []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests, estimator.Latency} {
		if _, err := column(s, f); err != nil {
			return nil, fmt.Errorf("the replicas that were required follow from replicas, cpu, requests and latency: %w", err)
		}
	}
	policy := demand.Policy{
		SLO:            demand.SLO{Bound: r.SLO, Percentile: r.SLOPercentile},
		MinUtilisation: r.MinUtilisation, MaxUtilisation: r.MaxUtilisation,
	}
	return demand.Look(policy, demand.Services(s), r.Calls, train)
}

package backtest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/learner/train"
)

// LiveSpec has the settings of a comparison of plans with what ran.
type LiveSpec struct {
	// Policy is what needs are counted for.
	demand.Policy
	// LeadTime is how long a planned pod takes to serve. Stabilization is how long autoscalers
	// keep the largest plan before they scale in; plans hold replicas longer themselves.
	LeadTime, Stabilization time.Duration
	// Tolerance is the share of a replica that is not rounded up.
	Tolerance float64
}

// DefaultLiveSpec returns the defaults of the adapter and of the HPA to copy.
func DefaultLiveSpec() LiveSpec {
	return LiveSpec{Policy: demand.Policy{MinUtilisation: 0.5, MaxUtilisation: 0.8}, LeadTime: time.Minute, Stabilization: 15 * time.Second, Tolerance: 0.05}
}

// Live compares what ran with what the plans would have run, with its form in JSON.
type Live struct {
	From  time.Time      `json:"from"`
	To    time.Time      `json:"to"`
	Step  train.Duration `json:"step"`
	Steps int            `json:"steps"`
	// Violated is the share of the steps in which an entry broke the SLO; null without
	// an SLO. Avoidable is the share in which a service then had too few replicas, while
	// the plans would have given enough to all. Added is the share without a violation
	// in which the plans would have given too few to a service that had enough: the most
	// violations that they would have made.
	Violated  *float64 `json:"violated"`
	Avoidable *float64 `json:"avoidable"`
	Added     *float64 `json:"added"`
	// Total sums up the services.
	Total    LiveService   `json:"total"`
	Services []LiveService `json:"services"`
}

// LiveService is the comparison for one service, over the steps at which everything is
// known.
type LiveService struct {
	Name  string `json:"name"`
	Steps int    `json:"steps"`
	// Ran, Plan and Needed are replica-hours: those that ran, those that the plans would
	// have run, and those that were enough in hindsight.
	Ran    float64 `json:"ran"`
	Plan   float64 `json:"plan"`
	Needed float64 `json:"needed"`
	// RanCores and PlanCores are the same in core-hours, by the CPU limits of pods; 0 where
	// those are unknown.
	RanCores  float64 `json:"ranCores"`
	PlanCores float64 `json:"planCores"`
	// RanShort and PlanShort are the shares of the steps with too few replicas.
	RanShort  float64 `json:"ranShort"`
	PlanShort float64 `json:"planShort"`
}

// CompareLive compares the plans in the history of an application, in the feature
// [telemetry.Planned], with the replicas that ran. The calls are its invocation graph.
// A history without plans is an error.
func CompareLive(w *estimator.Window, calls []estimator.Edge, s LiveSpec) (*Live, error) {
	planned, ready, cores := w.Channel(telemetry.Planned), w.Channel(estimator.Replicas), w.Channel(telemetry.Cores)
	if planned < 0 || ready < 0 {
		return nil, fmt.Errorf("the history has %q, want %q and %q among them", w.Features, telemetry.Planned, estimator.Replicas)
	}
	look, err := demand.Look(s.Policy, demand.Services(w), calls, estimator.Range{To: w.Steps})
	if err != nil {
		return nil, err
	}
	live := &Live{From: w.Start(), To: w.End, Step: train.Duration(w.Step), Steps: w.Steps, Total: LiveService{Name: "all"}}
	ranShort, planShort := make([]int, w.Steps), make([]int, w.Steps)
	hours := w.Step.Hours()
	for n, service := range w.Services {
		would := s.effect(w, n, planned)
		needs := look.Needs(n)
		row := LiveService{Name: service.String()}
		for t := range w.Steps {
			ran, need := w.At(n, t, ready), s.whole(needs[t].Replicas)
			if math.IsNaN(ran + need + would[t]) {
				continue
			}
			row.Steps++
			row.Ran += ran * hours
			row.Plan += would[t] * hours
			row.Needed += need * hours
			if cores >= 0 && !math.IsNaN(w.At(n, t, cores)) {
				row.RanCores += ran * hours * w.At(n, t, cores)
				row.PlanCores += would[t] * hours * w.At(n, t, cores)
			}
			if ran < need {
				row.RanShort++
				ranShort[t]++
			}
			if would[t] < need {
				row.PlanShort++
				if ran >= need {
					planShort[t]++
				}
			}
			if ran < need && would[t] < need {
				ranShort[t] -= w.Steps // the plans would not have helped
			}
		}
		live.Total.add(row)
		row.share()
		live.Services = append(live.Services, row)
	}
	if live.Total.Steps == 0 {
		return nil, errors.New("there are no plans in this history: does Prometheus scrape the adapter, with honorLabels, and for how long?")
	}
	live.Total.share()
	live.violations(w, calls, s, ranShort, planShort)
	return live, nil
}

// effect returns the replicas that would have been ready at each step if the plans had been
// followed: the largest plan of the stabilisation window, a lead time before.
func (s LiveSpec) effect(w *estimator.Window, n, planned int) []float64 {
	lead, window := int((s.LeadTime+w.Step-1)/w.Step), int(s.Stabilization/w.Step)
	out := make([]float64, w.Steps)
	for t := range out {
		out[t] = math.NaN()
		for past := t - lead; past >= max(0, t-lead-window); past-- {
			if v := w.At(n, past, planned); !math.IsNaN(v) && !(out[t] >= v) {
				out[t] = v
			}
		}
	}
	return out
}

// whole returns the replicas for a need, NaN if it is unknown.
func (s LiveSpec) whole(need float64) float64 {
	if math.IsNaN(need) {
		return need
	}
	return max(1, math.Ceil(need-s.Tolerance))
}

// add sums up a service before its shares are made.
func (l *LiveService) add(o LiveService) {
	l.Steps += o.Steps
	l.Ran += o.Ran
	l.Plan += o.Plan
	l.Needed += o.Needed
	l.RanCores += o.RanCores
	l.PlanCores += o.PlanCores
	l.RanShort += o.RanShort
	l.PlanShort += o.PlanShort
}

// share makes shares of numbers of steps.
func (l *LiveService) share() {
	if l.Steps > 0 {
		l.RanShort /= float64(l.Steps)
		l.PlanShort /= float64(l.Steps)
	}
}

// violations compares the latency of the entries, which nothing calls, with the SLO.
func (l *Live) violations(w *estimator.Window, calls []estimator.Edge, s LiveSpec, ranShort, planShort []int) {
	bound, latency, requests := s.SLO.Mean(), w.Channel(estimator.Latency), w.Channel(estimator.Requests)
	if math.IsInf(bound, 1) || latency < 0 || requests < 0 {
		return
	}
	known, violated, avoidable, added := 0.0, 0.0, 0.0, 0.0
	for t := range w.Steps {
		sum, weight := 0.0, 0.0
		for n := range w.Services {
			called := slices.ContainsFunc(calls, func(e estimator.Edge) bool { return e.Destination == n && e.Source != n })
			q, v := w.At(n, t, requests), w.At(n, t, latency)
			if !called && q > 0 && !math.IsNaN(v) {
				sum += q * v
				weight += q
			}
		}
		if weight == 0 {
			continue
		}
		known++
		switch broken := sum/weight > bound; {
		case broken:
			violated++
			if ranShort[t] > 0 && planShort[t] == 0 {
				avoidable++
			}
		case planShort[t] > 0:
			added++
		}
	}
	if known > 0 {
		l.Violated, l.Avoidable, l.Added = new(violated/known), new(avoidable/known), new(added/known)
	}
}

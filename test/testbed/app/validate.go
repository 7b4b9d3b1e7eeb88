package app

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Bounds that keep a simulation of any valid description finite.
const (
	maxServices    = 2000
	maxReplicas    = 10000
	maxConcurrency = 1 << 20
	maxTimes       = 10000
	maxCalls       = 100000 // expected calls of one journey
	maxDuration    = Duration(24 * time.Hour)
)

// Validate reports every fault of a, in one error.
func (a *Application) Validate() error {
	v := &validator{app: a}
	v.name("the application", a.Name)
	v.oneOf("protocol", a.Protocol, "http", "grpc")
	v.oneOf("balancing", string(a.Balancing), string(LeastRequest), string(RoundRobin))
	v.oneOf("slo.statistic", string(a.SLO.Statistic), string(Mean), string(P50), string(P95), string(P99))
	v.check(a.SLO.Latency > 0 && a.SLO.Latency <= maxDuration, "slo.latency must be above 0")
	budget := a.SLO.ErrorBudget()
	v.check(budget >= 0 && budget < 1, "slo.errors must be in [0, 1)")
	v.check(len(a.Services) > 0 && len(a.Services) <= maxServices, "an application has 1 to %d services, this has %d", maxServices, len(a.Services))
	v.distinct("service", len(a.Services), func(i int) string { return a.Services[i].Name })
	for i := range a.Services {
		v.service(&a.Services[i])
	}
	v.users()
	if len(v.problems) == 0 {
		v.sizes()
	}
	return errors.Join(v.problems...)
}

type validator struct {
	app      *Application
	problems []error
}

func (v *validator) check(ok bool, format string, args ...any) {
	if !ok {
		v.problems = append(v.problems, fmt.Errorf(format, args...))
	}
}

func (v *validator) name(what, name string) {
	for _, reason := range validation.IsDNS1123Label(name) {
		v.check(false, "the name %q of %s: %s", name, what, reason)
	}
}

func (v *validator) oneOf(what, have string, allowed ...string) {
	v.check(slices.Contains(allowed, have), "%s must be one of %v, not %q", what, allowed, have)
}

func (v *validator) distinct(what string, n int, name func(int) string) {
	seen := make(map[string]bool, n)
	for i := range n {
		v.check(name(i) != "", "%s %d has no name", what, i+1)
		v.check(!seen[name(i)], "%s %q is described twice", what, name(i))
		seen[name(i)] = true
	}
}

func (v *validator) service(s *Service) {
	v.name("a service", s.Name)
	in := "service " + s.Name
	limits, requests := s.Resources.Limits, s.Resources.Requests
	v.check(s.Replicas >= 0 && s.Replicas <= maxReplicas, "%s: replicas must be 0 to %d", in, maxReplicas)
	v.check(limits.CPU > 0, "%s: resources.limits.cpu must be above 0", in)
	v.check(limits.Memory > 0, "%s: resources.limits.memory must be above 0", in)
	v.check(requests.CPU <= limits.CPU && requests.Memory <= limits.Memory, "%s: resources.requests must not exceed the limits", in)
	v.check(s.Idle.CPU < limits.CPU, "%s: idle.cpu must leave some of the limit for calls", in)
	v.check(s.Concurrency > 0 && s.Concurrency <= maxConcurrency, "%s: concurrency must be 1 to %d", in, maxConcurrency)
	v.check(s.Queue > 0 && s.Queue <= maxConcurrency, "%s: queue must be 1 to %d", in, maxConcurrency)
	v.duration(in+": timeout", s.Timeout)
	v.duration(in+": startDelay", s.StartDelay)
	v.duration(in+": burst", s.Burst)
	v.distinct(in+": endpoint", len(s.Endpoints), func(i int) string { return s.Endpoints[i].Name })
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		at := in + ", endpoint " + e.Name
		v.demand(at, e.Demand)
		v.calls(at, e.Calls, 0)
	}
}

func (v *validator) demand(in string, d Demand) {
	v.oneOf(in+": demand.distribution", string(d.Distribution), string(Exponential), string(Lognormal), string(Constant))
	v.check((d.Distribution == Lognormal) == (d.CV > 0), "%s: demand.cv goes with distribution lognormal, and only with it", in)
	v.check(d.CV <= 100, "%s: demand.cv must be at most 100", in)
	v.duration(in+": demand.cpu", d.CPU)
	v.duration(in+": demand.latency", d.Latency)
}

func (v *validator) duration(what string, d Duration) {
	v.check(d >= 0 && d <= maxDuration, "%s must be 0 to %s", what, maxDuration.D())
}

func (v *validator) calls(in string, calls []Call, depth int) {
	if depth > 16 {
		v.check(false, "%s: parallel groups are nested too deeply", in)
		return
	}
	for _, c := range calls {
		v.check(c.Probability >= 0 && c.Probability <= 1, "%s: probability must be above 0 and at most 1", in)
		v.times(in, c.Times)
		if c.Parallel == nil {
			v.target(in, c.Service, c.Endpoint)
			continue
		}
		v.check(c.Service == "" && c.Endpoint == "" && c.Times == 0, "%s: a parallel group has branches only, put service, endpoint and times into them", in)
		for _, branch := range c.Parallel {
			v.check(len(branch) > 0, "%s: a parallel branch is empty", in)
			v.calls(in, branch, depth+1)
		}
	}
}

func (v *validator) times(in string, times Positive) {
	v.check(times >= 0 && times <= maxTimes && !math.IsNaN(float64(times)), "%s: times must be above 0 and at most %d", in, maxTimes)
}

func (v *validator) target(in, service, endpoint string) {
	_, ok := v.app.Endpoint(service, endpoint)
	v.check(ok, "%s: there is no endpoint %q of service %q to call", in, endpoint, service)
}

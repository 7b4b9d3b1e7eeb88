package live

import (
	"math"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// window is the number of seconds for present figures.
const window = 5

// Experience is the service that users have received so far, second by second.
type Experience struct {
	slo      app.SLO
	next     float64 // end of the present second
	recent   []simulation.Responses
	totals   [][]simulation.Totals
	violated float64
	cores    float64 // core-seconds of ready pods
}

func newExperience(slo app.SLO) Experience { return Experience{slo: slo, next: 1} }

// observe closes a second.
func (x *Experience) observe(e *simulation.Engine) {
	x.recent = last(append(x.recent, e.TakeResponses()), window)
	services := e.Application().Services
	totals := make([]simulation.Totals, len(services))
	for i := range services {
		totals[i] = e.Totals(i)
		x.cores += float64(e.Ready(i)) * float64(services[i].Resources.Limits.CPU)
	}
	x.totals = last(append(x.totals, totals), window+1)
	if x.together().Violates(x.slo) {
		x.violated++
	}
	x.next++
}

func last[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }

// together returns the responses of the window.
func (x *Experience) together() simulation.Responses {
	var all simulation.Responses
	for _, r := range x.recent {
		all.Count += r.Count
		all.Failures += r.Failures
		all.Seconds = append(all.Seconds, r.Seconds...)
	}
	return all
}

// Status is the state of an application, for people and tests.
type Status struct {
	Application string `json:"application"`
	// Seconds since the start.
	Seconds float64 `json:"seconds"`
	// OfferedRPS is the load by the profile; null for a number of users.
	OfferedRPS *float64 `json:"offeredRPS"`
	// RPS, Latency and P95 are over the last seconds: requests of users answered per
	// second, and their mean and 95th percentile in seconds; null without any.
	RPS     float64  `json:"rps"`
	Latency *float64 `json:"latency"`
	P95     *float64 `json:"p95"`
	// Failures is the share of requests that failed.
	Failures float64 `json:"failures"`
	// SLO is the bound on the latency in seconds, Violated whether it is broken now,
	// Violations the share of the run in which it was (R of Eq. 1 of the paper).
	SLO        float64 `json:"slo"`
	Violated   bool    `json:"violated"`
	Violations float64 `json:"violations"`
	// CoreHours is the CPU limit of the ready pods summed over the run (Eq. 2).
	CoreHours float64         `json:"coreHours"`
	Services  []ServiceStatus `json:"services"`
}

// ServiceStatus is the part of one service.
type ServiceStatus struct {
	Name string `json:"name"`
	// RPS and Latency as in [Status], at the service.
	RPS     float64  `json:"rps"`
	Latency *float64 `json:"latency"`
	Ready   int      `json:"ready"`
}

// Status returns the present state.
func (d *Driver) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.catchUp()
	e, x := d.engine, &d.users
	got := x.together()
	seconds := float64(max(1, len(x.recent)))
	s := Status{
		Application: e.Application().Name, Seconds: e.Now(),
		RPS: float64(got.Count) / seconds, Latency: number(got.Mean()),
		SLO: x.slo.Latency.D().Seconds(), Violated: got.Violates(x.slo), Violations: x.violated / max(1, x.next-1),
		CoreHours: x.cores / 3600,
	}
	if p95, err := got.Statistic(app.P95); err == nil {
		s.P95 = number(p95)
	}
	if got.Count > 0 {
		s.Failures = float64(got.Failures) / float64(got.Count)
	}
	if d.offer != nil {
		offered := d.offer.At(e.Now())
		s.OfferedRPS = &offered
	}
	for i, service := range e.Application().Services {
		s.Services = append(s.Services, x.service(i, service.Name, e.Ready(i)))
	}
	return s
}

func (x *Experience) service(i int, name string, ready int) ServiceStatus {
	s := ServiceStatus{Name: name, Ready: ready}
	if len(x.totals) < 2 {
		return s
	}
	first, now := x.totals[0][i], x.totals[len(x.totals)-1][i]
	requests := float64(now.Requests - first.Requests)
	s.RPS = requests / float64(len(x.totals)-1)
	s.Latency = number((now.Seconds - first.Seconds) / requests)
	return s
}

// number returns nil for a number that JSON cannot represent: there was nothing to
// measure.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

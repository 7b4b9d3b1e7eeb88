package app

import "time"

// Complete fills in omitted fields. Services inherit the application's
// defaults, endpoints the demand of their service, and the others are
//
//	concurrency 100, queue 1000, timeout 15s, exponential demands,
//	least-request balancing, an SLO on the mean, protocol http.
//
// [Decode] does it by itself; call it on an Application built in Go.
func (a *Application) Complete() {
	fill(&a.Protocol, "http")
	fill(&a.SLO.Statistic, Mean)
	fill(&a.Balancing, LeastRequest)
	d := &a.Defaults
	fill(&d.Concurrency, 100)
	fill(&d.Queue, 1000)
	fill(&d.Timeout, Duration(15*time.Second))
	d.Demand.complete(Demand{Distribution: Exponential})
	for i := range a.Services {
		s := &a.Services[i]
		fill(&s.Image, "testbed.deepscaler.io/"+a.Name+"/"+s.Name+":v1")
		fill(&s.Concurrency, d.Concurrency)
		fill(&s.Queue, d.Queue)
		fill(&s.Timeout, d.Timeout)
		fill(&s.StartDelay, d.StartDelay)
		fill(&s.Burst, d.Burst)
		fill(&s.Idle.CPU, d.Idle.CPU)
		fill(&s.Idle.Memory, d.Idle.Memory)
		fill(&s.MemoryPerCall, d.MemoryPerCall)
		s.Demand.complete(d.Demand)
		for j := range s.Endpoints {
			s.Endpoints[j].Demand.complete(s.Demand)
		}
	}
}

// complete fills in omitted fields of d. The family and its coefficient of
// variation belong together: a given distribution excludes an inherited CV.
func (d *Demand) complete(from Demand) {
	fill(&d.CPU, from.CPU)
	fill(&d.Latency, from.Latency)
	if d.Distribution == "" {
		d.Distribution = from.Distribution
		fill(&d.CV, from.CV)
	}
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

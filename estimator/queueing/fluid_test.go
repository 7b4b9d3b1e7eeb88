package queueing

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// fluid is a small flow model of an application with blocking calls: a service
// does its own work, then calls its callees, and answers when they have. It
// produces the telemetry that a mesh would show, with completed requests, and
// keeps what it could not serve in queues.
type fluid struct {
	step     time.Duration
	services []fluidService
	calls    []edge // calls per request
	noise    *rand.Rand
	history  [][]reading // per step, per service
}

type fluidService struct {
	name     string
	demand   float64 // replica-seconds per request
	idle     float64 // utilisation without requests
	replicas float64
	queue    []parcel // not yet worked on, oldest first
	pending  float64  // worked on, waiting for callees
	clock    float64  // seconds since the start
}

// parcel is an amount of requests that arrived at the same time.
type parcel struct{ amount, at float64 }

// serve queues the arrivals of dt seconds and works on what the capacity
// allows. It returns the rate worked on and how long those requests waited.
func (s *fluidService) serve(arrivals, dt float64) (rate, wait float64) {
	s.clock += dt
	if arrivals > 0 {
		s.queue = append(s.queue, parcel{arrivals * dt, s.clock})
	}
	room := s.replicas * (1 - s.idle) / s.demand * dt
	served := 0.0
	for len(s.queue) > 0 && room > 0 {
		head := &s.queue[0]
		part := min(head.amount, room)
		served += part
		wait += part * (s.clock - head.at)
		room -= part
		if head.amount -= part; head.amount <= 0 {
			s.queue = s.queue[1:]
		}
	}
	if served == 0 {
		return 0, 0
	}
	return served / dt, wait / served
}

type reading struct{ requests, cpu, replicas, latency float64 }

func (f *fluid) index(name string) int {
	for i, s := range f.services {
		if s.name == name {
			return i
		}
	}
	panic("no service " + name)
}

// advance runs one step under the given arrivals from outside, by service, and
// returns the response times at the entries' services.
func (f *fluid) advance(outside map[string]float64) []reading {
	const parts = 20
	n, dt := len(f.services), f.step.Seconds()/parts
	sum := make([]reading, n)
	var weight = make([]float64, n)
	for range parts {
		arrivals, served := make([]float64, n), make([]float64, n)
		waits, latency, answered := make([]float64, n), make([]float64, n), make([]float64, n)
		for name, rate := range outside {
			arrivals[f.index(name)] = rate
		}
		// Services are listed callers first.
		for i := range f.services {
			s := &f.services[i]
			served[i], waits[i] = s.serve(arrivals[i], dt)
			for _, c := range f.calls {
				if c.source == i {
					arrivals[c.destination] += c.ratio * served[i]
				}
			}
		}
		for i := n - 1; i >= 0; i-- {
			s := &f.services[i]
			busy := served[i] * s.demand / s.replicas
			latency[i] = s.demand / max(0.05, 1-busy-s.idle)
			pass, wait := math.Inf(1), 0.0
			for _, c := range f.calls {
				if c.source == i {
					latency[i] += c.ratio * latency[c.destination]
					wait = max(wait, waits[c.destination])
					if arrivals[c.destination] > 0 {
						pass = min(pass, answered[c.destination]/arrivals[c.destination])
					}
				}
			}
			waits[i] += wait // of the slowest callee, called in parallel
			s.pending += served[i] * dt
			answered[i] = s.pending / dt
			if !math.IsInf(pass, 1) {
				answered[i] = min(answered[i], served[i]*pass)
			}
			s.pending -= answered[i] * dt
			sum[i].requests += answered[i] / parts
			sum[i].cpu += (s.idle + busy) / parts
			sum[i].latency += (latency[i] + waits[i]) * answered[i]
			weight[i] += answered[i]
		}
	}
	for i := range sum {
		sum[i].replicas = f.services[i].replicas
		sum[i].latency /= weight[i]
		if f.noise != nil {
			sum[i].requests *= 1 + 0.03*f.noise.NormFloat64()
			sum[i].cpu *= 1 + 0.03*f.noise.NormFloat64()
			sum[i].latency *= 1 + 0.03*f.noise.NormFloat64()
		}
	}
	f.history = append(f.history, sum)
	return sum
}

// graph returns the true calls with the rates of the newest step, or with
// counts that only their ratios mean anything when traced.
func (f *fluid) graph(outside map[string]float64, traced bool) *estimator.CallGraph {
	rates := make([]float64, len(f.services))
	g := &estimator.CallGraph{}
	for i, s := range f.services {
		if r := outside[s.name]; r > 0 {
			rates[i] += r
			if !traced {
				g.Calls = append(g.Calls, estimator.Call{Source: estimator.Outside, Destination: i, Rate: r})
			}
		}
		for _, c := range f.calls {
			if c.source == i {
				rate := rates[i] * c.ratio
				rates[c.destination] += rate
				if traced {
					rate *= 0.01
				}
				g.Calls = append(g.Calls, estimator.Call{Source: i, Destination: c.destination, Rate: rate})
			}
		}
	}
	return g
}

// window returns the last steps of the history.
func (f *fluid) window(steps int, calls *estimator.CallGraph) *estimator.Window {
	names := make([]estimator.Service, len(f.services))
	for i, s := range f.services {
		names[i] = estimator.Service{Namespace: "shop", Name: s.name}
	}
	w := estimator.NewWindow(names, estimator.DefaultFeatures(), steps, f.step, time.Unix(1_700_000_000, 0))
	w.Calls = calls
	first := len(f.history) - steps
	for t := max(0, -first); t < steps; t++ {
		for i, r := range f.history[first+t] {
			set := func(feature estimator.Feature, v float64) { w.Set(i, t, w.Channel(feature), v) }
			set(estimator.Requests, r.requests)
			set(estimator.CPU, r.cpu)
			set(estimator.Replicas, r.replicas)
			set(estimator.Latency, r.latency)
			set(estimator.Memory, 0.5)
		}
	}
	return w
}

// chainModel is A → B → C, sized for a load of 100 requests per second at
// 60 % utilisation.
func chainModel() *fluid {
	return &fluid{
		step: 30 * time.Second,
		services: []fluidService{
			{name: "a", demand: 0.03, replicas: 5},
			{name: "b", demand: 0.012, replicas: 4},
			{name: "c", demand: 0.006, replicas: 2},
		},
		calls: []edge{{0, 1, 2}, {1, 2, 1}},
	}
}

func boutiqueModel() *fluid {
	f := &fluid{
		step: 30 * time.Second,
		services: []fluidService{
			{name: "frontend", demand: 0.0293, idle: 0.08, replicas: 4},
			{name: "checkout", demand: 0.109, idle: 0.1, replicas: 1},
			{name: "recommendation", demand: 0.0086, idle: 0.1, replicas: 1},
			{name: "ad", demand: 0.0017, idle: 0.06, replicas: 1},
			{name: "cart", demand: 0.0037, idle: 0.09, replicas: 1},
			{name: "catalog", demand: 0.0009, idle: 0.2, replicas: 1},
			{name: "currency", demand: 0.0019, idle: 0.15, replicas: 1},
			{name: "payment", demand: 0.0046, idle: 0.02, replicas: 1},
			{name: "shipping", demand: 0.0031, idle: 0.04, replicas: 1},
			{name: "email", demand: 0.0072, idle: 0.04, replicas: 1},
		},
	}
	call := func(source, destination string, ratio float64) {
		f.calls = append(f.calls, edge{f.index(source), f.index(destination), ratio})
	}
	call("frontend", "checkout", 0.033)
	call("frontend", "recommendation", 0.7)
	call("frontend", "ad", 0.567)
	call("frontend", "cart", 0.9)
	call("frontend", "catalog", 4.67)
	call("frontend", "currency", 2.92)
	call("frontend", "shipping", 0.2)
	call("recommendation", "catalog", 1)
	call("checkout", "cart", 2)
	call("checkout", "catalog", 3.03)
	call("checkout", "currency", 4.03)
	call("checkout", "payment", 1)
	call("checkout", "shipping", 2)
	call("checkout", "email", 1)
	return f
}

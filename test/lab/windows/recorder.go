// Package windows makes the telemetry of a testbed as Prometheus and the queries of the preset
// istio would. Counters of every pod are scraped at an interval and turned into rates that lag
// behind by half of their window.
package windows

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Config is the shape of telemetry.
type Config struct {
	// Namespace of all services.
	Namespace string
	// Start is the time of second 0 of the engine, a multiple of Step.
	Start time.Time
	// Step is Δ, Steps is τ: the time between two columns and their number.
	Step  time.Duration
	Steps int
	// RateWindow is that of the queries, telemetry.Config.RateWindow.
	RateWindow time.Duration
}

// Recorder is a Prometheus that scrapes one engine. It is not safe for concurrent use.
type Recorder struct {
	config   Config
	services []estimator.Service // in the order of [estimator.Service.Compare]
	row      []int               // by the position in the application
	times    []float64           // of the scrapes that are kept, in seconds
	dropped  int                 // scrapes before them
	pods     []*pod              // in the order in which they were first seen
	index    map[string]*pod
	ready    [][]float64 // by scrape kept and position in the application
	columns  []column    // the first ends at Start+Step
}

// column holds the features of all services at the end of a step, by row.
type column [][features]float64

// The order of estimator.DefaultFeatures.
const (
	replicas = iota
	cpu
	latency
	requests
	memory
	features
)

// pod holds the samples of one pod. A pod is in every scrape from the first to the
// last that saw it.
type pod struct {
	service            int
	limit, memoryLimit float64
	first              int // number of the scrape of its first sample
	cpu, memory        []float64
	streams            []stream
}

// stream is the calls from one source with one outcome.
type stream struct {
	source         int
	first          int
	count, seconds []float64
}

// NewRecorder returns a recorder that has seen nothing of an application.
func NewRecorder(names []string, c Config) (*Recorder, error) {
	if c.Step <= 0 || c.Steps < 1 || c.RateWindow < c.Step {
		return nil, fmt.Errorf("windows of %d steps of %v with rates over %v: want at least one step of more than 0 and rates over at least one", c.Steps, c.Step, c.RateWindow)
	}
	r := &Recorder{config: c, index: map[string]*pod{}}
	for _, name := range names {
		r.services = append(r.services, estimator.Service{Namespace: c.Namespace, Name: name})
	}
	slices.SortFunc(r.services, estimator.Service.Compare)
	for _, name := range names {
		r.row = append(r.row, slices.Index(r.services, estimator.Service{Namespace: c.Namespace, Name: name}))
	}
	return r, nil
}

// Services returns the rows of every window.
func (r *Recorder) Services() []estimator.Service { return r.services }

// Row returns the row of a service by its position in the application.
func (r *Recorder) Row(service int) int { return r.row[service] }

// Scrape takes a sample of every series at the present time of the engine.
func (r *Recorder) Scrape(e *simulation.Engine) {
	number := r.dropped + len(r.times)
	r.times = append(r.times, e.Now())
	ready := make([]float64, len(r.row))
	for i := range ready {
		ready[i] = float64(e.Ready(i))
	}
	r.ready = append(r.ready, ready)
	for _, now := range e.Pods() {
		p := r.index[now.Name]
		if p == nil {
			p = &pod{service: now.Service, limit: now.CPULimit, memoryLimit: now.MemoryLimit, first: number}
			r.index[now.Name] = p
			r.pods = append(r.pods, p)
		}
		p.cpu = append(p.cpu, now.CPU)
		p.memory = append(p.memory, now.Memory)
		for i, t := range now.Traffic {
			if i == len(p.streams) {
				p.streams = append(p.streams, stream{source: t.Source, first: number})
			}
			s := &p.streams[i]
			s.count = append(s.count, float64(t.Count))
			s.seconds = append(s.seconds, t.Seconds)
		}
	}
	r.forget()
}

// window returns the values of a series that begins with scrape number first, and
// their times, as far as both are kept.
func (r *Recorder) window(first int, values []float64) (times, kept []float64) {
	return r.times[first-r.dropped:][:len(values)], values
}

// last reports whether a series has a sample in (end-window, end], and the newest.
func last(times, values []float64, end, window float64) (float64, bool) {
	for i, at := range slices.Backward(times) {
		if at <= end {
			return values[i], at > end-window
		}
	}
	return math.NaN(), false
}

// forget drops samples that no query can reach any more, from time to time.
func (r *Recorder) forget() {
	const often = 256
	span := r.span()
	drop := 0
	for drop < len(r.times) && r.times[drop] < r.times[len(r.times)-1]-2*span {
		drop++
	}
	if drop < often {
		return
	}
	r.times = slices.Clone(r.times[drop:])
	r.ready = slices.Clone(r.ready[drop:])
	r.dropped += drop
	cut := func(first int, values []float64) (int, []float64) {
		gone := min(max(0, r.dropped-first), len(values))
		return first + gone, slices.Clone(values[gone:])
	}
	for name, p := range r.index {
		if p.first+len(p.cpu) <= r.dropped {
			delete(r.index, name)
		}
	}
	r.pods = slices.DeleteFunc(r.pods, func(p *pod) bool { return p.first+len(p.cpu) <= r.dropped })
	for _, p := range r.pods {
		_, p.memory = cut(p.first, p.memory)
		p.first, p.cpu = cut(p.first, p.cpu)
		for i := range p.streams {
			s := &p.streams[i]
			_, s.seconds = cut(s.first, s.seconds)
			s.first, s.count = cut(s.first, s.count)
		}
	}
}

// span is how far the query of the invocation graph looks back, in seconds.
func (r *Recorder) span() float64 {
	return max(time.Duration(r.config.Steps)*r.config.Step, r.config.RateWindow).Seconds()
}

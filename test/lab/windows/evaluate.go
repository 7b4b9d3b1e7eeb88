package windows

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Evaluate runs the queries for the step that ends next. Call it when every scrape up
// to the end of the step is done and before the next one.
func (r *Recorder) Evaluate() {
	end := (time.Duration(len(r.columns)+1) * r.config.Step).Seconds()
	r.columns = append(r.columns, r.evaluate(end))
}

// evaluate returns what the queries of the preset istio find at a time in seconds.
func (r *Recorder) evaluate(end float64) column {
	window := r.config.RateWindow.Seconds()
	// Requests need samples at both ends of the window. No scrape is lost here, so halves do for the ends.
	edge := 1.1 * window / 2
	out := make(column, len(r.services))
	type sums struct {
		cpu, limit, memory, memoryLimit, requests, count, seconds float64
		began, ended, some                                        bool
	}
	totals := make([]sums, len(r.row))
	for _, p := range r.pods {
		s := &totals[p.service]
		times, values := r.window(p.first, p.cpu)
		// Only pods of which both use and limit are known count on either side.
		if used := rate(times, values, end, window); !math.IsNaN(used) {
			s.cpu += used
			s.limit += p.limit
		}
		if used, known := last(times, p.memory, end, window); known && p.memoryLimit > 0 {
			s.memory += used
			s.memoryLimit += p.memoryLimit
		}
		for i := range p.streams {
			times, counts := r.window(p.streams[i].first, p.streams[i].count)
			_, early := last(times, counts, end-window+edge, edge)
			_, recent := last(times, counts, end, edge)
			s.began, s.ended = s.began || early, s.ended || recent
			if v := rate(times, counts, end, window); !math.IsNaN(v) {
				s.requests += v
				s.some = true
				s.count += v
				s.seconds += rate(times, p.streams[i].seconds, end, window)
			}
		}
	}
	for i := range totals {
		s, c := &totals[i], &out[r.row[i]]
		c[replicas] = math.NaN()
		for n, at := range slices.Backward(r.times) {
			if at <= end {
				if at > end-window {
					c[replicas] = r.ready[n][i]
				}
				break
			}
		}
		c[cpu] = ratio(s.cpu, s.limit)
		c[memory] = ratio(s.memory, s.memoryLimit)
		c[latency] = ratio(s.seconds, s.count)
		c[requests] = math.NaN()
		if s.some && s.began && s.ended {
			c[requests] = s.requests
		}
	}
	return out
}

// ratio is NaN where PromQL has 0/0 or no series at all.
func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

// Columns returns how many steps have been evaluated.
func (r *Recorder) Columns() int { return len(r.columns) }

// End returns the time at which the newest evaluated step ended.
func (r *Recorder) End() time.Time {
	return r.config.Start.Add(time.Duration(len(r.columns)) * r.config.Step)
}

// Window returns the last steps that were evaluated, as many as configured, with the invocation graph as the
// mesh counted it over the time of a window. Steps before the first scrape are missing.
func (r *Recorder) Window() *estimator.Window { return r.Last(r.config.Steps) }

// Last is [Recorder.Window] with another number of steps.
func (r *Recorder) Last(steps int) *estimator.Window {
	w := r.history(len(r.columns)-steps, len(r.columns))
	w.Calls = r.calls(w.End.Sub(r.config.Start).Seconds(), r.span())
	return w
}

// History returns all steps that were evaluated from the given one on, without a graph.
func (r *Recorder) History(from int) (*estimator.Window, error) {
	if from < 0 || from >= len(r.columns) {
		return nil, fmt.Errorf("there are %d steps, none from %d on", len(r.columns), from)
	}
	return r.history(from, len(r.columns)), nil
}

func (r *Recorder) history(from, to int) *estimator.Window {
	end := r.config.Start.Add(time.Duration(to) * r.config.Step)
	w := estimator.NewWindow(r.services, estimator.DefaultFeatures(), to-from, r.config.Step, end)
	for t := max(0, -from); t < to-from; t++ {
		for n, values := range r.columns[from+t] {
			for c, v := range values {
				w.Set(n, t, c, v)
			}
		}
	}
	return w
}

// calls returns the calls per second between services over a time that ends at end.
func (r *Recorder) calls(end, span float64) *estimator.CallGraph {
	n := len(r.services)
	rates := make([]float64, (n+1)*n) // by source, Outside first, and destination
	known := make([]bool, len(rates))
	for _, p := range r.pods {
		for i := range p.streams {
			s := &p.streams[i]
			times, counts := r.window(s.first, s.count)
			v := rate(times, counts, end, span)
			if math.IsNaN(v) {
				continue
			}
			source := 0
			if s.source >= 0 {
				source = 1 + r.row[s.source]
			}
			rates[source*n+r.row[p.service]] += v
			known[source*n+r.row[p.service]] = true
		}
	}
	var g estimator.CallGraph
	for i, v := range rates {
		if known[i] {
			g.Calls = append(g.Calls, estimator.Call{Source: i/n - 1, Destination: i % n, Rate: v})
		}
	}
	if len(g.Calls) == 0 {
		return nil
	}
	return &g
}

// Rates returns the requests per second of every pod of a service that Prometheus has samples of at
// a time, over a window, as rate(istio_requests_total[window]) does; a pod without two
// samples is missing.
func (r *Recorder) Rates(service int, end, window float64) map[string]float64 {
	rates := map[string]float64{}
	for name, p := range r.index {
		if p.service != service {
			continue
		}
		sum, known := 0.0, false
		for i := range p.streams {
			times, counts := r.window(p.streams[i].first, p.streams[i].count)
			if v := rate(times, counts, end, window); !math.IsNaN(v) {
				sum += v
				known = true
			}
		}
		if known {
			rates[name] = sum
		}
	}
	return rates
}

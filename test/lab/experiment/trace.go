package experiment

import (
	"cmp"
	"slices"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// Trace is the course of one run, every 5 seconds, for plots.
type Trace struct {
	Application, Workload, Autoscaler string
	Knob                              float64
	// Services are the few that need most.
	Services []string
	// SLO on the mean response in seconds.
	SLO float64
	// Minutes since the start of the measurement at the end of each bin.
	Minutes []float64
	// Response is the mean in seconds, NaN without requests.
	Response []float64
	// Violated, Cores and Error are cumulative: the share of the run, core-hours, and
	// seconds of |mean response − SLO| per step.
	Violated, Cores, Error []float64
	// Desired, Ready and Need are replicas by service and bin.
	Desired, Ready, Need [][]float64
}

// trace makes the trace of a run.
func (r *Run) trace(c *loop.Config, record *loop.Record, future *need.Future) Trace {
	a := c.Application
	t := Trace{
		Application: r.Application, Workload: r.Workload, Autoscaler: r.Autoscaler, Knob: r.Knob, SLO: a.SLO.Latency.D().Seconds(),
	}
	shown := busiest(c, future)
	for _, s := range shown {
		t.Services = append(t.Services, a.Services[s].Name)
	}
	t.Desired, t.Ready, t.Need = make([][]float64, len(shown)), make([][]float64, len(shown)), make([][]float64, len(shown))
	cores := 0.0
	for i := range record.Bins {
		b := &record.Bins[i]
		t.Minutes = append(t.Minutes, loop.Bins(i+1).Minutes())
		t.Response = append(t.Response, b.Mean)
		needed := future.At(c.Warmup+loop.Bins(i+1), need.Usual, false)
		for k, s := range shown {
			t.Desired[k] = append(t.Desired[k], float64(b.Desired[s]))
			t.Ready[k] = append(t.Ready[k], float64(b.Ready[s]))
			t.Need[k] = append(t.Need[k], needed[s])
		}
		for s := range a.Services {
			cores += float64(b.Desired[s]) * float64(a.Services[s].Resources.Limits.CPU) * loop.Bins(1).Hours()
		}
		t.Cores = append(t.Cores, cores)
	}
	violated, errors := 0.0, 0.0
	for i := range record.Steps {
		s := &record.Steps[i]
		broken, off := judge(s, a.SLO)
		if broken {
			violated += 1 / float64(len(record.Steps))
		}
		errors += off
		for range int(c.Step / loop.Bins(1)) {
			t.Violated = append(t.Violated, violated)
			t.Error = append(t.Error, errors)
		}
	}
	return t
}

// busiest returns the services that need most in a run, at most four.
func busiest(c *loop.Config, future *need.Future) []int {
	const most = 4
	sums := make([]float64, len(c.Application.Services))
	all := make([]int, len(sums))
	for at := c.Warmup; at < c.Warmup+c.Duration; at += c.Step {
		for i, n := range future.At(at, need.Usual, false) {
			sums[i] += n
		}
	}
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(sums[b], sums[a]) })
	return all[:min(most, len(all))]
}

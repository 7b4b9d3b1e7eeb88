package experiment

import (
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// Trace is the course of one run, every 5 seconds, for plots.
type Trace struct {
	Application, Workload, Autoscaler string
	Knob                              float64
	Services                          []string
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
		Application: r.Application, Workload: r.Workload, Autoscaler: r.Autoscaler, Knob: r.Knob,
		Services: a.ServiceNames(), SLO: a.SLO.Latency.D().Seconds(),
	}
	series := func() [][]float64 { return make([][]float64, len(a.Services)) }
	t.Desired, t.Ready, t.Need = series(), series(), series()
	cores := 0.0
	for i := range record.Bins {
		b := &record.Bins[i]
		at := c.Warmup + loop.Bins(i+1)
		t.Minutes = append(t.Minutes, loop.Bins(i+1).Minutes())
		t.Response = append(t.Response, b.Mean)
		needed := future.At(at, need.Usual, false)
		for s := range a.Services {
			t.Desired[s] = append(t.Desired[s], float64(b.Desired[s]))
			t.Ready[s] = append(t.Ready[s], float64(b.Ready[s]))
			t.Need[s] = append(t.Need[s], needed[s])
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

package loop

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/windows"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Record is what happened in a run after its warm-up.
type Record struct {
	// Steps are Δ long.
	Steps []Step
	// Bins are 5 s long.
	Bins []Bin
	// CoreHours is the CPU limit of all pods that existed, those that started or ended
	// included, over the run. Eq. 2 of the paper in other units.
	CoreHours float64
	// Actions counts changes of the wanted replicas of a service.
	Actions int
	// History holds the telemetry, warm-up included.
	History *windows.Recorder

	config    *Config
	began     bool
	responses simulation.Responses
	limits    []float64 // CPU limit integrals at the begin
}

// Step is what users got in one step.
type Step struct {
	// Mean and P95 are of the times of successful requests in seconds, NaN without any.
	Mean, P95 float64
	// Requests that ended, Failures of them badly.
	Requests, Failures uint64
}

// Bin is the state at the end of 5 s.
type Bin struct {
	// Mean is of the times of successful requests in seconds, NaN without any.
	Mean               float64
	Requests, Failures uint64
	// Desired and Ready replicas by service.
	Desired, Ready []int
	// Answered is requests by service that ended since the engine started.
	Answered []uint64
}

func newRecord(c *Config) *Record { return &Record{config: c} }

func (r *Record) scaled() {
	if r.began {
		r.Actions++
	}
}

func (r *Record) observe(now time.Duration, e *simulation.Engine, desired []int) {
	responses := e.TakeResponses()
	if now < r.config.Warmup {
		return
	}
	limits := make([]float64, len(desired))
	for i := range desired {
		limits[i] = e.Totals(i).Limit
	}
	if now == r.config.Warmup {
		r.began = true
		r.limits = limits
		return
	}
	b := Bin{Mean: responses.Mean(), Requests: responses.Count, Failures: responses.Failures, Desired: slices.Clone(desired)}
	for i := range desired {
		b.Ready = append(b.Ready, e.Ready(i))
		b.Answered = append(b.Answered, e.Totals(i).Requests)
	}
	r.Bins = append(r.Bins, b)
	r.responses.Count += responses.Count
	r.responses.Failures += responses.Failures
	r.responses.Seconds = append(r.responses.Seconds, responses.Seconds...)
	if now%r.config.Step != 0 {
		return
	}
	r.Steps = append(r.Steps, Step{
		Mean: r.responses.Mean(), P95: quantile(r.responses.Seconds, 0.95),
		Requests: r.responses.Count, Failures: r.responses.Failures,
	})
	r.responses = simulation.Responses{Seconds: r.responses.Seconds[:0]}
	if now == r.config.Warmup+r.config.Duration {
		for i := range limits {
			r.CoreHours += (limits[i] - r.limits[i]) / 3600
		}
	}
}

// quantile sorts values and returns the smallest that a fraction q of all does not
// exceed, NaN of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
}

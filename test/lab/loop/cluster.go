package loop

import (
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/test/lab/windows"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Autoscaler decides how many replicas the services of an application have. It sees
// a cluster as it would be seen through Prometheus and the Kubernetes API.
type Autoscaler interface {
	// Tick is called once in every step, as soon as the telemetry of the step has settled.
	Tick(c *Cluster) error
	// Sync is called once in every sync period. It writes the wanted replicas of each
	// service, which are the present ones before.
	Sync(c *Cluster, replicas []int) error
}

// Cluster is what an autoscaler sees of an application. It is valid during a call.
type Cluster struct {
	engine   *simulation.Engine
	recorder *windows.Recorder
	usage    usage
	config   *Config
}

// Application returns what runs.
func (c *Cluster) Application() *app.Application { return c.config.Application }

// Now returns the time since the start of the warm-up.
func (c *Cluster) Now() time.Duration {
	return time.Duration(c.engine.Now() * float64(time.Second))
}

// Time returns the time that clocks show.
func (c *Cluster) Time() time.Time { return Epoch().Add(c.Now()) }

// Begin returns when the warm-up ends, on the clock of [Cluster.Now].
func (c *Cluster) Begin() time.Duration { return c.config.Warmup }

// Window returns the telemetry up to the last step.
func (c *Cluster) Window() *estimator.Window { return c.recorder.Window() }

// Last returns the telemetry of a number of steps up to the last one.
func (c *Cluster) Last(steps int) *estimator.Window { return c.recorder.Last(steps) }

// Row returns the row of a service in windows.
func (c *Cluster) Row(service int) int { return c.recorder.Row(service) }

// Bounds returns the limits of the replicas of every service.
func (c *Cluster) Bounds() plan.Bounds { return c.config.Bounds }

// Ready returns the number of ready pods of a service.
func (c *Cluster) Ready(service int) int { return c.engine.Ready(service) }

// Pods returns the pods of a service, with the CPU that the metrics server reports.
func (c *Cluster) Pods(service int) []Pod {
	c.usage.join(c.engine)
	return c.usage.services[service]
}

// Estimating is an autoscaler that estimates.
type Estimating interface {
	Estimates() []Estimate
}

// Estimate is how many replicas services were thought to need at a time.
type Estimate struct {
	// For is the time since the start of the warm-up.
	For time.Duration
	// Replicas by service, NaN when not known.
	Replicas []float64
}

// Rates returns the requests per second of each pod of a service over a window up to now,
// as Prometheus has it.
func (c *Cluster) Rates(service int, window time.Duration) map[string]float64 {
	return c.recorder.Rates(service, c.engine.Now(), window.Seconds())
}

// Config returns what runs.
func (c *Cluster) Config() *Config { return c.config }

package placement

import (
	"context"
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Measured is what users and zones got in a run of the testbed.
type Measured struct {
	// Share of the calls between pods by distance.
	Share [3]float64
	// Mean and P95 of the successful responses, in seconds.
	Mean, P95 float64
	// Violations is the share of the steps of 15 s that break the SLO.
	Violations float64
	// Worst is the largest utilisation of the pods of a service in a zone, of their CPU
	// limit without idle use.
	Worst float64
}

const step = 15 // seconds

// Run serves a constant load with the pods where they are.
func Run(ctx context.Context, a *app.Application, weights []float64, c *Cluster, net simulation.Network, rps float64, seconds int, seed uint64) (Measured, error) {
	e, err := simulation.New(a, seed)
	if err != nil {
		return Measured{}, err
	}
	users, err := load.NewOpen(a, weights, slices.Repeat(load.Profile{rps}, seconds+step), seed, 0)
	if err != nil {
		return Measured{}, err
	}
	where := map[string]int{}
	for service := range a.Services {
		var names []string
		for _, i := range c.Of(service) {
			name := fmt.Sprintf("%s-%d", a.Services[service].Name, c.Pods[i].Born)
			where[name] = c.Pods[i].Node
			names = append(names, name)
		}
		e.SetPods(service, names)
	}
	net.Zones = c.Zones
	net.Node = func(_ int, pod string) int { return where[pod] }
	e.SetNetwork(net)
	e.SetLoad(users)

	// The first step fills the queues.
	e.Run(step)
	e.TakeResponses()
	began, travelled := cpu(e, c), e.Travelled()
	var all simulation.Responses
	var out Measured
	for at := 2 * step; at <= seconds; at += step {
		if err := ctx.Err(); err != nil {
			return Measured{}, err
		}
		e.Run(float64(at))
		r := e.TakeResponses()
		if r.Violates(a.SLO) {
			out.Violations++
		}
		all.Seconds = append(all.Seconds, r.Seconds...)
	}
	took := float64(seconds/step-1) * step
	out.Violations /= took / step
	out.Mean = all.Mean()
	if out.P95, err = all.Statistic(app.P95); err != nil {
		return Measured{}, err
	}
	calls := 0.0
	for d, n := range e.Travelled() {
		out.Share[d] = float64(n - travelled[d])
		calls += out.Share[d]
	}
	for d := range out.Share {
		out.Share[d] /= max(calls, 1)
	}
	pods := c.ByZone()
	for z, busy := range cpu(e, c) {
		for s, seconds := range busy {
			idle := float64(a.Services[s].Idle.CPU)
			if n := float64(pods[z][s]); n > 0 {
				out.Worst = max(out.Worst, ((seconds-began[z][s])/took/n-idle)/(float64(a.Services[s].Resources.Limits.CPU)-idle))
			}
		}
	}
	return out, nil
}

// cpu returns the CPU seconds used by zone and service.
func cpu(e *simulation.Engine, c *Cluster) [][]float64 {
	out := matrix(c.zones(), len(c.Requests))
	for _, p := range e.Pods() {
		out[c.Zones[p.Node]][p.Service] += p.CPU
	}
	return out
}

package placement

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Scenario is an application on nodes.
type Scenario struct {
	App      string
	Pods     int
	Nodes    []int
	MilliCPU int64
}

// HoldOut returns the scenarios on which no constant was chosen. Weights and terms were, with
// the first seeds, on Online Boutique with 40 pods on nine nodes of one core, and on nodes of
// two cores of which zones have five, three and one.
func HoldOut() []Scenario {
	return []Scenario{
		{"online-boutique", 40, []int{3, 3, 3}, 1000},
		{"online-boutique", 80, []int{4, 4, 4}, 2000},
		{"online-boutique", 60, []int{2, 4, 3}, 2000},
		{"online-boutique", 40, []int{4, 4}, 2000},
		{"bookinfo", 12, []int{3, 3, 3}, 1000},
		{"bookinfo", 30, []int{4, 2, 1}, 2000},
		{"train-ticket", 100, []int{4, 4, 4}, 4000},
		{"train-ticket", 100, []int{5, 3, 2}, 4000},
	}
}

// FirstUnseen is the first seed of a hold-out.
const FirstUnseen = 101

// Summary is what is expected of the default scheduler, of ours with deletion costs and of
// the bound, under PreferSameZone: means over seeds.
type Summary struct {
	Scenario
	// Removed is false after growth, and true after the scale-ins.
	Removed              bool
	Default, Ours, Bound Mean
}

// Mean is what is expected on average.
type Mean struct {
	// CrossZone is a share of the calls, Worst the utilisation of the busiest zone, and Trip
	// the mean round trip of a call in seconds.
	CrossZone, Worst, Trip float64
}

// Gain returns the share of what the bound gains in round trips over the default scheduler
// that ours reaches; NaN if there is nothing to gain.
func (s Summary) Gain() float64 {
	return (s.Default.Trip - s.Ours.Trip) / (s.Default.Trip - s.Bound.Trip)
}

// Summarise computes a scenario for a number of seeds from the first, without the testbed.
func (s Scenario) Summarise(ctx context.Context, first uint64, seeds int) ([2]Summary, error) {
	out := [2]Summary{{Scenario: s}, {Scenario: s, Removed: true}}
	a, err := app.Load(s.App)
	if err != nil {
		return out, err
	}
	e := Defaults(a)
	e.Pods, e.Nodes, e.MilliCPU, e.Memory, e.Seconds = s.Pods, s.Nodes, s.MilliCPU, 4<<20*s.MilliCPU, 0
	for seed := range uint64(seeds) {
		rows, err := e.Do(ctx, first+seed)
		if err != nil {
			return out, fmt.Errorf("%s with %d pods on nodes %v: %w", s.App, s.Pods, s.Nodes, err)
		}
		for _, r := range rows {
			x := &out[min(r.Removed, 1)]
			mean := map[string]*Mean{"default": &x.Default, "DeepScaler+cost": &x.Ours, "bound": &x.Bound}[r.Scheduler]
			if mean == nil || r.Routing != simulation.PreferSameZone {
				continue
			}
			mean.CrossZone += r.Expected.Share[simulation.OtherZone] / float64(seeds)
			mean.Worst += r.Expected.Worst / float64(seeds)
			mean.Trip += r.Expected.Trip(e.Trips) / float64(seeds)
		}
	}
	return out, nil
}

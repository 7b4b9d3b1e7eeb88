package placement

import (
	"math"
	"slices"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/placement"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Online Boutique with 40 pods in three zones, after growth and after 50 scale-ins, on nodes
// that are alike in all zones and on fewer in some: at most a tenth of the calls cross zones, no
// zone is busier than by default, and a call's round trip has half of what the bound gains.
func TestZonesServeThemselves(t *testing.T) {
	const seeds = 3
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	for name, nodes := range map[string][]int{"even": {3, 3, 3}, "uneven": {5, 3, 1}} {
		e := Defaults(a)
		e.Nodes, e.MilliCPU, e.Seconds = nodes, 2000, 0
		// means are by scheduler, before and after the scale-ins.
		type mean struct{ cross, worst, trip float64 }
		means := map[string]*[2]mean{}
		for seed := range uint64(seeds) {
			rows, err := e.Do(t.Context(), seed+1)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.Routing != simulation.PreferSameZone {
					continue
				}
				if means[r.Scheduler] == nil {
					means[r.Scheduler] = new([2]mean)
				}
				m := &means[r.Scheduler][min(r.Removed, 1)]
				m.cross += r.Expected.Share[simulation.OtherZone] / seeds
				m.worst += r.Expected.Worst / seeds
				m.trip += 1000 * r.Expected.Trip(e.Trips) / seeds // ms
				if r.Removed > 0 && r.Removed < e.Removals {
					t.Errorf("%s: %d pods were removed, want at least %d", name, r.Removed, e.Removals)
				}
			}
		}
		for moment, when := range []string{"after growth", "after scale-ins"} {
			stock, ours, bound := means["default"][moment], means["DeepScaler+cost"][moment], means["bound"][moment]
			t.Logf("%s, %s: default %.3f, ours %.3f, bound %.3f", name, when, stock, ours, bound)
			if ours.cross > 0.1 {
				t.Errorf("%s, %s: %.3f of the calls cross zones, want at most 0.1", name, when, ours.cross)
			}
			if ours.worst > stock.worst+0.01 {
				t.Errorf("%s, %s: the busiest zone is at %.2f, by default at %.2f", name, when, ours.worst, stock.worst)
			}
			if gain, most := stock.trip-ours.trip, stock.trip-bound.trip; gain < most/2 {
				t.Errorf("%s, %s: a call's round trip is %.3f ms, by default %.3f, bound %.3f: want half of the gain",
					name, when, ours.trip, stock.trip, bound.trip)
			}
		}
	}
}

// What is expected of a placement is what the testbed does.
func TestExpectedIsMeasured(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	e := Defaults(a)
	e.Seconds = 315
	s, err := e.Scene()
	if err != nil {
		t.Fatal(err)
	}
	c := s.Cluster()
	for service, n := range s.Many {
		for i := range n {
			c.add(service, (service+i*i)%len(c.Zones)) // unevenly
		}
	}
	for range 2 { // lightly loaded, so that no queue balances by itself
		s.rps /= 2
		for i := range s.Load.Busy {
			s.Load.Busy[i] /= 2
		}
	}
	rows, err := s.measure(t.Context(), "any", c, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for d, want := range rows[0].Expected.Share {
		if got := rows[0].Measured.Share[d]; math.Abs(got-want) > 0.03 {
			t.Errorf("share of calls over distance %d is %.3f, expected %.3f", d, got, want)
		}
	}
	if got, want := rows[0].Measured.Worst, rows[0].Expected.Worst; math.Abs(got-want) > 0.1*want {
		t.Errorf("the busiest zone is at %.3f, expected %.3f", got, want)
	}
}

// The shares of kubectl deepscaler placement are what the testbed does, under either routing.
func TestTrafficIsMeasured(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	s, err := new(Defaults(a)).Scene()
	if err != nil {
		t.Fatal(err)
	}
	c := s.Cluster()
	for service, n := range s.Many {
		for i := range n {
			c.add(service, (service+i*i)%len(c.Zones)) // unevenly
		}
	}
	m, err := placement.New(placement.Demand{Needed: make([]float64, len(s.Many)), Calls: s.Calls, Requests: c.Requests})
	if err != nil {
		t.Fatal(err)
	}
	var nodes []placement.Node
	for i, pods := range c.Nodes() {
		nodes = append(nodes, placement.Node{Zone: c.Zones[i], Pods: pods})
	}
	for routing, same := range map[simulation.Routing]bool{simulation.Anywhere: false, simulation.PreferSameZone: true} {
		measured, err := Run(t.Context(), a, s.weights, c, simulation.Network{RoundTrip: s.Trips, Routing: routing}, s.rps/4, 315, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, all := m.Traffic(nodes, slices.Repeat([]bool{same}, len(s.Many)))
		t.Logf("%v: same node %.3f, measured %.3f; cross-zone %.3f, measured %.3f", routing, all.SameNode, measured.Share[0], all.CrossZone, measured.Share[2])
		if math.Abs(all.SameNode-measured.Share[0]) > 0.01 || math.Abs(all.CrossZone-measured.Share[2]) > 0.01 {
			t.Errorf("%v: of the calls %.3f stay on their node and %.3f cross zones, measured %.3f and %.3f", routing, all.SameNode, all.CrossZone, measured.Share[0], measured.Share[2])
		}
	}
}

// The bars hold where nothing was chosen, too: on other nodes, pods and seeds, and for another application.
func TestBarsHoldOutside(t *testing.T) {
	for _, s := range HoldOut()[:6] {
		both, err := s.Summarise(t.Context(), FirstUnseen, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range both {
			t.Logf("%s on nodes %v: %.0f %% of the gain", s.App, s.Nodes, 100*x.Gain())
			if x.Ours.CrossZone > 0.1 || x.Ours.Worst > x.Default.Worst+0.01 || x.Gain() < 0.5 {
				t.Errorf("%s on nodes %v, scaled in: %v: ours %.3f, default %.3f, bound %.3f", s.App, s.Nodes, x.Removed, x.Ours, x.Default, x.Bound)
			}
		}
	}
}

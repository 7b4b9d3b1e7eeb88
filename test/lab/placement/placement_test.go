package placement

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Online Boutique with 40 pods in three zones: what the issue of placement promises. Two
// layouts of nodes: alike in all zones, and fewer in some.
func TestZonesServeThemselves(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	for name, nodes := range map[string][]int{"even": {3, 3, 3}, "uneven": {5, 3, 1}} {
		e := Defaults(a)
		e.Nodes, e.MilliCPU, e.Seconds = nodes, 2000, 75
		rows, err := e.Do(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		find := func(scheduler string, routing simulation.Routing, later bool) Row {
			t.Helper()
			for _, r := range rows {
				if r.Scheduler == scheduler && r.Routing == routing && (r.Removed > 0) == later {
					return r
				}
			}
			t.Fatalf("%s: no row of %s with %s", name, scheduler, routing)
			return Row{}
		}
		for _, later := range []bool{false, true} {
			stock := find("default", simulation.Anywhere, later)
			aware := find("default", simulation.PreferSameZone, later)
			ours := find("DeepScaler+cost", simulation.PreferSameZone, later)
			bound := find("bound", simulation.PreferSameZone, later)
			if s := stock.Measured.Share[simulation.OtherZone]; math.Abs(s-0.65) > 0.05 {
				t.Errorf("%s, %d removed: %.3f of the calls cross zones by default, want about two thirds", name, stock.Removed, s)
			}
			if s := ours.Measured.Share[simulation.OtherZone]; s > 0.1 {
				t.Errorf("%s, %d removed: %.3f of the calls cross zones, want at most 0.1", name, ours.Removed, s)
			}
			if ours.Removed > 0 && ours.Removed < 50 {
				t.Errorf("%s: %d pods were removed, want at least 50", name, ours.Removed)
			}
			if w := ours.Expected.Worst; w > aware.Expected.Worst+0.01 {
				t.Errorf("%s, %d removed: the busiest zone is at %.2f, by default at %.2f", name, ours.Removed, w, aware.Expected.Worst)
			}
			// Half of what the bound gains in round trips over the default scheduler with the
			// same routing.
			trip := func(r Row) float64 { return r.Expected.Trip(e.Trips) }
			if gain, most := trip(aware)-trip(ours), trip(aware)-trip(bound); gain < most/2 {
				t.Errorf("%s, %d removed: a call's round trip is %.3f ms, by default %.3f, bound %.3f: want half of the gain",
					name, ours.Removed, 1000*trip(ours), 1000*trip(aware), 1000*trip(bound))
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

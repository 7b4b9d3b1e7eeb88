package placement

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

// front (0) calls back (1) and store (2); back calls store.
func chain(needed ...float64) Demand {
	return Demand{
		Needed: needed,
		Calls: []estimator.Call{
			{Source: estimator.Outside, Destination: 0, Rate: 10},
			{Source: 0, Destination: 1, Rate: 20},
			{Source: 0, Destination: 2, Rate: 5},
			{Source: 1, Destination: 2, Rate: 15},
		},
		Requests: []Resources{{100, 100, 1}, {200, 100, 1}, {400, 100, 1}},
	}
}

func model(t *testing.T, d Demand) *Model {
	t.Helper()
	m, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The need of a zone follows the calls that start there.
func TestZoneNeedsFollowTheCalls(t *testing.T) {
	for _, c := range []struct {
		name string
		pods [][]int // by zone
		want []float64
		need [][]float64
	}{
		{"users reach all zones alike", [][]int{{0, 0, 0}, {0, 0, 0}}, []float64{4, 2, 2}, [][]float64{{2, 1, 1}, {2, 1, 1}}},
		{"callees follow their callers", [][]int{{3, 0, 0}, {1, 0, 0}}, []float64{4, 4, 4}, [][]float64{{2, 3, 3}, {2, 1, 1}}},
		{"a zone without pods is served elsewhere", [][]int{{1, 0, 0}, {0, 0, 0}}, []float64{1, 2, 2}, [][]float64{{0.5, 2, 2}, {0.5, 0, 0}}},
	} {
		f := model(t, chain(0, 0, 0)).flow(c.pods, c.want)
		got := zeros[float64](len(c.pods), len(c.want))
		for z := range got {
			for s := range got[z] {
				got[z][s] = f.need(z, s)
			}
		}
		if diff := cmp.Diff(c.need, got, near); diff != "" {
			t.Errorf("%s: need by zone and service (-want +got):\n%s", c.name, diff)
		}
	}
}

var near = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })

// Each term alone decides between two nodes that are equal otherwise.
func TestTerms(t *testing.T) {
	type node struct {
		zone int
		pods []int
		free Resources
	}
	room := Resources{10000, 10000, 100}
	for _, c := range []struct {
		name          string
		needed        []float64
		service       int
		zones         [][]int
		room          []int
		better, worse node
	}{
		{
			name: "the zone that lacks the service", needed: []float64{2, 2, 0}, service: 1,
			zones:  [][]int{{1, 1, 0}, {1, 0, 0}},
			better: node{1, []int{0, 0, 0}, room}, worse: node{0, []int{1, 0, 0}, room},
		},
		{
			name: "the zone of the caller while there is one pod of each", needed: []float64{1, 1, 0}, service: 1,
			zones:  [][]int{{1, 0, 0}, {0, 0, 0}},
			better: node{0, []int{0, 0, 0}, room}, worse: node{1, []int{0, 0, 0}, room},
		},
		{
			name: "the node of the caller within a zone", needed: []float64{2, 2, 0}, service: 1,
			zones:  [][]int{{1, 0, 0}, {1, 0, 0}},
			better: node{0, []int{1, 0, 0}, room}, worse: node{0, []int{0, 0, 0}, room},
		},
		{
			name: "the callee's node before the caller has pods", needed: []float64{2, 2, 2}, service: 1,
			zones:  [][]int{{0, 0, 1}, {0, 0, 1}},
			better: node{0, []int{0, 0, 1}, room}, worse: node{0, []int{0, 0, 0}, room},
		},
		{
			name: "the node that leaves room for a large pod that is lacking", needed: []float64{1, 0, 1}, service: 0,
			zones: [][]int{{0, 0, 0}}, room: []int{8, 4, 1},
			better: node{0, []int{0, 0, 0}, Resources{300, 1000, 10}}, worse: node{0, []int{0, 0, 0}, Resources{400, 1000, 10}},
		},
		{
			name: "a node with less than half of the service", needed: []float64{4, 0, 0}, service: 0,
			zones:  [][]int{{2, 0, 0}},
			better: node{0, []int{1, 0, 0}, room}, worse: node{0, []int{2, 0, 0}, room},
		},
	} {
		d := model(t, chain(c.needed...)).Place(c.service, Layout{Pods: c.zones, Room: c.room})
		better, worse := d.Score(c.better.zone, c.better.pods, c.better.free), d.Score(c.worse.zone, c.worse.pods, c.worse.free)
		if better.Value <= worse.Value {
			t.Errorf("%s: scores %+v, the other %+v", c.name, better, worse)
		}
	}
}

// Learned affinity replaces calls that nobody counted, and only these.
func TestAffinity(t *testing.T) {
	d := Demand{Needed: []float64{2, 2, 2}, Requests: make([]Resources, 3),
		Affinity: []estimator.Edge{{Source: 0, Destination: 1, Weight: 0.5}}}
	m := model(t, d)
	score := m.Place(1, Layout{Pods: [][]int{{1, 0, 1}, {1, 0, 1}}}).Score(0, []int{1, 0, 0}, Resources{})
	if score.Locality != 1 {
		t.Errorf("locality beside the only partner is %v, want 1", score.Locality)
	}
	counted := chain(2, 2, 2)
	counted.Affinity = []estimator.Edge{{Source: 0, Destination: 1, Weight: 100}}
	if diff := cmp.Diff(model(t, chain(2, 2, 2)).partners, model(t, counted).partners, cmp.AllowUnexported(neighbour{})); diff != "" {
		t.Errorf("affinity changed counted calls:\n%s", diff)
	}
}

func TestBadDemands(t *testing.T) {
	for name, d := range map[string]Demand{
		"requests":      {Needed: []float64{1}},
		"negative need": {Needed: []float64{-1}, Requests: make([]Resources, 1)},
		"infinite need": {Needed: []float64{math.Inf(1)}, Requests: make([]Resources, 1)},
		"call":          {Needed: []float64{1}, Requests: make([]Resources, 1), Calls: []estimator.Call{{Source: 0, Destination: 1, Rate: 1}}},
		"rate":          {Needed: []float64{1}, Requests: make([]Resources, 1), Calls: []estimator.Call{{Source: -1, Destination: 0, Rate: math.NaN()}}},
		"affinity":      {Needed: []float64{1}, Requests: make([]Resources, 1), Affinity: []estimator.Edge{{Source: 0, Destination: 3, Weight: 1}}},
	} {
		if _, err := New(d); err == nil {
			t.Errorf("%s: a bad demand was accepted", name)
		}
	}
}

// A decision and the scores of a large cluster take little beside the rest of a
// scheduling cycle.
func BenchmarkPlace(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, zones := range []int{3, 6, 12, 30} {
		benchmarkPlace(b, r, zones)
	}
}

func benchmarkPlace(b *testing.B, r *rand.Rand, zones int) {
	const n = 40
	var d Demand
	pods := counts(zones, n)
	for i := range n {
		d.Needed = append(d.Needed, 10)
		d.Requests = append(d.Requests, Resources{100, 100, 1})
		d.Calls = append(d.Calls, estimator.Call{Source: i/3 - 1, Destination: i, Rate: 1 + r.Float64()})
		for z := range pods {
			pods[z][i] = r.IntN(4)
		}
	}
	m, err := New(d)
	if err != nil {
		b.Fatal(err)
	}
	room := slices.Repeat([]int{10}, n)
	b.Run(fmt.Sprintf("decision/%d zones", zones), func(b *testing.B) {
		for b.Loop() {
			m.Place(20, Layout{Pods: pods, Room: room})
		}
	})
	decision := m.Place(20, Layout{Pods: pods, Room: room})
	b.Run(fmt.Sprintf("node/%d zones", zones), func(b *testing.B) {
		for b.Loop() {
			decision.Score(1, pods[1], Resources{4000, 4000, 100})
		}
	})
}

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

// random returns any demand, with a layout of up to eight pods by zone and service.
func random(r *rand.Rand) (Demand, [][]int) {
	n, zones := 1+r.IntN(8), 1+r.IntN(4)
	var d Demand
	for i := range n {
		d.Needed = append(d.Needed, []float64{math.NaN(), 0, float64(r.IntN(20)), 20 * r.Float64()}[r.IntN(4)])
		d.Requests = append(d.Requests, Resources{int64(r.IntN(500)), int64(r.IntN(500)), 1})
		for j := range n {
			if r.IntN(3) == 0 {
				d.Calls = append(d.Calls, estimator.Call{Source: i, Destination: j, Rate: 100 * r.Float64()})
			}
			if i != j && r.IntN(5) == 0 {
				d.Affinity = append(d.Affinity, estimator.Edge{Source: i, Destination: j, Weight: 1 - r.Float64()})
			}
		}
		if r.IntN(2) == 0 {
			d.Calls = append(d.Calls, estimator.Call{Source: estimator.Outside, Destination: i, Rate: 100 * r.Float64()})
		}
	}
	pods := make([][]int, zones)
	for z := range pods {
		for range n {
			pods[z] = append(pods[z], r.IntN(3)*r.IntN(5))
		}
	}
	return d, pods
}

// Whatever the demand, every part of a score is from 0 to 1, and more room is never worse.
func TestScoresAreSound(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		demand, pods := random(r)
		m := model(t, demand)
		service, zone := r.IntN(len(demand.Needed)), r.IntN(len(pods))
		room := make([]int, len(demand.Needed))
		onNode := make([]int, len(room))
		for s := range room {
			room[s] = r.IntN(10)
			onNode[s] = r.IntN(pods[zone][s] + 1)
		}
		free := Resources{int64(r.IntN(4000)), int64(r.IntN(4000)), int64(r.IntN(20))}
		score := m.Place(service, Layout{Pods: pods, Room: room}).Score(zone, onNode, free)
		for _, v := range []float64{score.Balance, score.Locality, score.Headroom, score.Value} {
			if !(v >= 0 && v <= 1+1e-9) {
				t.Fatalf("seed %d: score is %+v, want parts from 0 to 1", seed, score)
			}
		}
		roomier := slices.Clone(room)
		roomier[r.IntN(len(room))]++
		if more := m.Place(service, Layout{Pods: pods, Room: roomier}).Score(zone, onNode, free); more.Value < score.Value {
			t.Fatalf("seed %d: with more room the score falls from %+v to %+v", seed, score, more)
		}
	}
}

// Where no pod is to come, the numbers of the zones have no meaning.
func TestZonesHaveNoOrder(t *testing.T) {
	for seed := range uint64(500) {
		demand, pods := random(rand.New(rand.NewPCG(seed, 4)))
		m, want := model(t, demand), make([]float64, len(demand.Needed))
		for z := range pods {
			for s, n := range pods[z] {
				want[s] += float64(n)
			}
		}
		f, turned := m.flow(pods, want), m.flow(slices.Concat(pods[1:], pods[:1]), want)
		if diff := cmp.Diff(slices.Concat(f.starts[1:], f.starts[:1]), turned.starts, near); diff != "" {
			t.Fatalf("seed %d: loads by zone differ after the zones are renumbered:\n%s", seed, diff)
		}
	}
}

// Pods placed one by one, in any order, spread evenly: every zone has its share of the users'
// service within a pod and a quarter, no node has more than half of a service, and after half of the
// pods were removed in the order that Removal gives, the zones still have their share.
func TestZonesServeThemselves(t *testing.T) {
	const zones, perZone = 3, 3
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		demand := chain(float64(3+r.IntN(15)), float64(3+r.IntN(9)), float64(3+r.IntN(9)))
		m := model(t, demand)
		byZone, byNode := counts(zones, 3), counts(zones*perZone, 3)
		var order []int
		for s, n := range demand.Needed {
			order = append(order, slices.Repeat([]int{s}, int(n))...)
		}
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, s := range order {
			d := m.Place(s, Layout{Pods: byZone})
			best, at := -1.0, 0
			for node := range byNode {
				if v := d.Score(node/perZone, byNode[node], Resources{}).Value; v > best {
					best, at = v, node
				}
			}
			byNode[at][s]++
			byZone[at/perZone][s]++
		}
		for s, n := range demand.Needed {
			for node := range byNode {
				if float64(byNode[node][s]) > n/2 {
					t.Errorf("seed %d: a node has %d of %v pods of service %d", seed, byNode[node][s], n, s)
				}
			}
		}
		uneven(t, seed, "after growth", byZone)
		var pods []Pod
		for node := range byNode {
			for range byNode[node][0] {
				pods = append(pods, Pod{Zone: node / perZone, Node: byNode[node]})
			}
		}
		for _, i := range m.Removal(0, Layout{Pods: byZone}, pods)[:len(pods)/2] {
			byZone[pods[i].Zone][0]--
		}
		uneven(t, seed, "after scale-in", byZone)
	}
}

func uneven(t *testing.T, seed uint64, when string, byZone [][]int) {
	t.Helper()
	var front []int
	for z := range byZone {
		front = append(front, byZone[z][0])
	}
	share := 0.0
	for _, n := range front {
		share += float64(n) / float64(len(front))
	}
	for _, n := range front {
		if float64(n) < share*(1-skew)-1 || float64(n) > share*(1+skew)+1 {
			t.Errorf("seed %d: %s zones have %v pods of the service that users call, want equal shares", seed, when, front)
		}
	}
}

func counts(rows, services int) [][]int { return zeros[int](rows, services) }

func zeros[T any](rows, columns int) [][]T {
	out := make([][]T, rows)
	for i := range out {
		out[i] = make([]T, columns)
	}
	return out
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

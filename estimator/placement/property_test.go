package placement

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

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

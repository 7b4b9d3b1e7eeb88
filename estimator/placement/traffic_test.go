package placement

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var all = []bool{true, true, true}

// front calls back with 20 and store with 5 calls per second, back calls store with 15.
func TestTraffic(t *testing.T) {
	for _, c := range []struct {
		name     string
		nodes    []Node
		sameZone []bool
		back     Traffic
		crossing float64 // in all
	}{
		{
			"two alike zones, calls go anywhere",
			[]Node{{Zone: 0, Pods: []int{1, 1, 1}}, {Zone: 1, Pods: []int{1, 1, 1}}}, make([]bool, 3),
			Traffic{20, 0.5, 0.5, 1}, 0.5,
		},
		{
			"two alike zones serve themselves",
			[]Node{{Zone: 0, Pods: []int{1, 1, 1}}, {Zone: 1, Pods: []int{1, 1, 1}}}, all,
			Traffic{20, 0, 1, 1}, 0,
		},
		{
			"a zone without the callee",
			[]Node{{Zone: 0, Pods: []int{1, 2, 1}}, {Zone: 1, Pods: []int{1, 0, 1}}}, all,
			Traffic{20, 0.5, 0.5, 1}, 20 * 0.5 / 40,
		},
		{
			"the lone callee of a zone has twice the load of the mean",
			[]Node{{Zone: 0, Pods: []int{1, 1, 0}}, {Zone: 1, Pods: []int{1, 3, 0}}}, all,
			Traffic{20, 0, 1, 2}, 0,
		},
		{
			"callees on another node of the zone",
			[]Node{{Zone: 0, Pods: []int{1, 0, 0}}, {Zone: 0, Pods: []int{0, 1, 0}}}, make([]bool, 3),
			Traffic{20, 0, 0, 1}, 0,
		},
		{
			"one service keeps its zone",
			[]Node{{Zone: 0, Pods: []int{1, 1, 1}}, {Zone: 1, Pods: []int{1, 1, 1}}}, []bool{false, true, false},
			Traffic{20, 0, 1, 1}, (5*0.5 + 15*0.5) / 40,
		},
		{
			"no caller has pods",
			[]Node{{Zone: 0, Pods: []int{0, 1, 0}}}, all,
			Traffic{0, math.NaN(), math.NaN(), 1}, math.NaN(),
		},
	} {
		services, sum := model(t, chain(2, 2, 2)).Traffic(c.nodes, c.sameZone)
		if diff := cmp.Diff(c.back, services[1], nearOrUnknown); diff != "" {
			t.Errorf("%s: traffic of back (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.crossing, sum.CrossZone, nearOrUnknown); diff != "" {
			t.Errorf("%s: calls that cross zones in all (-want +got):\n%s", c.name, diff)
		}
	}
}

var nearOrUnknown = cmp.Comparer(func(a, b float64) bool {
	return math.Abs(a-b) < 1e-6 || math.IsNaN(a) && math.IsNaN(b)
})

// A replay never overcommits a node or leaves the allowed ones, repeats itself, and lets no
// more calls cross zones than a random layout.
func TestReplay(t *testing.T) {
	var before, after float64
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5))
		m := model(t, chain(6, 6, 6))
		var empty, random []Node
		for i := range 6 {
			free := Resources{3000, 3000, 20}
			empty = append(empty, Node{Zone: i % 3, Pods: make([]int, 3), Free: free})
			random = append(random, Node{Zone: i % 3, Pods: make([]int, 3)})
		}
		forbidden := r.IntN(6)
		allowed := []bool{true, true, true, true, true, true}
		allowed[forbidden] = false
		var pods []Candidate
		for i := range 18 {
			at := (forbidden + 1 + r.IntN(5)) % 6
			pods = append(pods, Candidate{Service: i % 3, Node: at, Allowed: allowed})
			random[at].Pods[i%3]++
		}
		chosen := m.Replay(empty, pods)
		replayed := make([]Node, len(empty))
		for i := range replayed {
			replayed[i] = Node{Zone: empty[i].Zone, Pods: make([]int, 3), Free: empty[i].Free}
		}
		for i, at := range chosen {
			replayed[at].Pods[pods[i].Service]++
			replayed[at].Free = replayed[at].Free.Minus(m.demand.Requests[pods[i].Service])
			if at == forbidden {
				t.Errorf("seed %d: pod %d is on a forbidden node", seed, i)
			}
		}
		for i, n := range replayed {
			if n.Free.MilliCPU < 0 || n.Free.Memory < 0 || n.Free.Pods < 0 {
				t.Errorf("seed %d: node %d has %+v left", seed, i, n.Free)
			}
		}
		if diff := cmp.Diff(chosen, m.Replay(empty, pods)); diff != "" {
			t.Errorf("seed %d: a second replay differs:\n%s", seed, diff)
		}
		_, was := m.Traffic(random, all)
		_, is := m.Traffic(replayed, all)
		before += was.CrossZone / 50
		after += is.CrossZone / 50
	}
	if after > before/2 {
		t.Errorf("%.3f of the calls cross zones after replays, %.3f in random layouts, want at most half", after, before)
	}
}

// A pod for which no node has room, or that is placed well, stays.
func TestReplayKeepsWhatItCannotImprove(t *testing.T) {
	room := Resources{1000, 1000, 10}
	for name, c := range map[string]struct {
		nodes []Node
		want  int
	}{
		"no room":    {[]Node{{Zone: 0, Pods: []int{0, 0, 0}}, {Zone: 1, Pods: []int{0, 0, 0}}}, 1},
		"all alike":  {[]Node{{Zone: 0, Pods: []int{0, 0, 0}, Free: room}, {Zone: 1, Pods: []int{0, 0, 0}, Free: room}}, 1},
		"one better": {[]Node{{Zone: 0, Pods: []int{0, 1, 0}, Free: room}, {Zone: 0, Pods: []int{0, 0, 0}, Free: room}}, 0},
	} {
		m := model(t, chain(1, 1, 0))
		if got := m.Replay(c.nodes, []Candidate{{Service: 0, Node: 1, Allowed: []bool{true, true}}}); got[0] != c.want {
			t.Errorf("%s: the pod goes to node %d, want %d", name, got[0], c.want)
		}
	}
}

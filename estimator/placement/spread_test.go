package placement

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestSpread(t *testing.T) {
	third := []float64{1. / 3, 1. / 3, 1. / 3}
	for _, c := range []struct {
		name   string
		load   []float64
		pods   []int
		number int
		cross  float64
		want   []int
	}{
		{"alike", third, []int{0, 0, 0}, 6, crossing, []int{2, 2, 2}},
		{"by load", []float64{0.5, 0.25, 0.25}, []int{0, 0, 0}, 4, crossing, []int{2, 1, 1}},
		{"many", []float64{0.5, 0.3, 0.2}, []int{0, 0, 0}, 1000, crossing, []int{500, 300, 200}},
		{"beside those that exist", third, []int{3, 0, 0}, 9, crossing, []int{3, 3, 3}},
		{"none alone with twice the load", third, []int{3, 0, 0}, 6, crossing, []int{3, 3, 0}},
		{"the zone with most load first", []float64{0.1, 0.1, 0.8}, []int{0, 0, 0}, 1, crossing, []int{0, 0, 1}},
		{"none alone with the load of two", []float64{0.9, 0.1, 0}, []int{0, 1, 0}, 2, crossing, []int{0, 2, 0}},
		{"enough for its load", []float64{0.9, 0.1, 0}, []int{0, 1, 0}, 6, crossing, []int{5, 1, 0}},
		{"none left out of users", third, []int{0, 0, 0}, 5, usersCrossing, []int{2, 2, 1}},
		{"one left out of calls", third, []int{0, 0, 0}, 5, crossing / 4, []int{3, 2, 0}},
		{"fewer than exist", third, []int{4, 4, 2}, 7, crossing, []int{3, 2, 2}},
	} {
		will := make([]int, len(c.pods))
		spread(c.load, c.pods, c.number, c.cross, will)
		if diff := cmp.Diff(c.want, will); diff != "" {
			t.Errorf("%s: pods by zone (-want +got):\n%s", c.name, diff)
		}
	}
}

// Every number of pods is divided to the last, existing ones stay or are the most that stay,
// and none costs more than all pods in one zone.
func TestSpreadIsSound(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 5))
		zones := 1 + r.IntN(6)
		load, pods, sum, present := make([]float64, zones), make([]int, zones), 0.0, 0
		for z := range load {
			load[z] = r.Float64() * float64(r.IntN(3))
			pods[z] = r.IntN(4) * r.IntN(4)
			sum += load[z]
			present += pods[z]
		}
		for z := range load {
			load[z] /= max(sum, 1e-9)
		}
		number, will, total := r.IntN(40), make([]int, zones), 0
		got := spread(load, pods, number, crossing, will)
		for z, n := range will {
			total += n
			if number >= present && n < pods[z] || number <= present && n > pods[z] {
				t.Fatalf("seed %d: %v become %v of %d", seed, pods, will, number)
			}
		}
		if total != number {
			t.Fatalf("seed %d: %d of %d pods are divided: %v of %v load %v", seed, total, number, will, pods, load)
		}
		for z := range pods {
			all := make([]int, zones)
			all[z] = number
			if number > 0 && present == 0 && cost(load, all, crossing) < got-1e-9 {
				t.Fatalf("seed %d: %v costs %v with load %.2f, all in zone %d %v", seed, will, got, load, z, cost(load, all, crossing))
			}
		}
	}
}

// The second pod of a service joins the first, away from its callers, where it would serve
// nearly all calls alone beside them.
func TestPairStaysTogether(t *testing.T) {
	d := Demand{Needed: []float64{6, 2}, Requests: make([]Resources, 2), Calls: []estimator.Call{{Source: 0, Destination: 1, Rate: 1}}}
	p := model(t, d).Place(1, Layout{Pods: [][]int{{5, 0}, {1, 1}}})
	beside, together := p.Score(0, []int{3, 0}, Resources{}), p.Score(1, []int{0, 0}, Resources{})
	if together.Value <= beside.Value {
		t.Errorf("beside its callers the pod scores %+v, with its pair %+v: want more", beside, together)
	}
}

// Users get more pods in the zone where those behind them have more, as far as that is allowed.
func TestUsersFollowWhatIsBehind(t *testing.T) {
	f := model(t, chain(12, 4, 4)).flow([][]int{{0, 2, 2}, {0, 1, 1}, {0, 1, 1}}, []float64{12, 4, 4})
	if diff := cmp.Diff([][]int{{5, 2, 2}, {4, 1, 1}, {3, 1, 1}}, f.will); diff != "" {
		t.Errorf("pods by zone and service (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{1.25 / 3, 0.875 / 3, 0.875 / 3}, f.users, near); diff != "" {
		t.Errorf("users by zone (-want +got):\n%s", diff)
	}
}

// A scale-in leaves what the services need when all are scaled in, not what suits the others
// now, also while the plan has not yet changed.
func TestRemovalKnowsWhatStays(t *testing.T) {
	for _, needed := range []float64{3, 9, math.NaN()} {
		removalKnowsWhatStays(t, needed)
	}
}

func removalKnowsWhatStays(t *testing.T, needed float64) {
	t.Helper()
	m := model(t, chain(needed, needed, needed))
	pods := [][]int{{4, 2, 1}, {4, 2, 1}, {4, 1, 1}}
	var all []Pod
	for z := range pods {
		for range pods[z][1] {
			all = append(all, Pod{Zone: z, Node: pods[z]})
		}
	}
	left := map[int]int{0: 2, 1: 2, 2: 1}
	for _, i := range m.Removal(1, Layout{Pods: pods}, all)[:2] {
		left[all[i].Zone]--
	}
	if diff := cmp.Diff(map[int]int{0: 1, 1: 1, 2: 1}, left); diff != "" {
		t.Errorf("where %v are needed, pods by zone after the scale-in (-want +got):\n%s", needed, diff)
	}
}

func TestCallersFirst(t *testing.T) {
	calls := func(callers ...int) (all []neighbour) {
		for _, c := range callers {
			all = append(all, neighbour{service: c})
		}
		return all
	}
	for name, c := range map[string]struct {
		callers [][]neighbour
		order   []int
		cyclic  bool
	}{
		"a chain backwards": {[][]neighbour{calls(1), calls(2), calls(estimator.Outside)}, []int{2, 1, 0}, false},
		"a diamond":         {[][]neighbour{calls(1, 2), calls(3), calls(3), nil}, []int{3, 1, 2, 0}, false},
		"a cycle":           {[][]neighbour{calls(estimator.Outside, 1), calls(0)}, []int{1, 0}, true},
	} {
		order, cyclic := callersFirst(c.callers)
		if diff := cmp.Diff(c.order, order); diff != "" || cyclic != c.cyclic {
			t.Errorf("%s: cyclic %v, order (-want +got):\n%s", name, cyclic, diff)
		}
	}
}

// Services of which only the affinity is known gather nowhere.
func TestAffinityAloneKeepsZonesAlike(t *testing.T) {
	d := Demand{Needed: []float64{4, 4, 4}, Requests: make([]Resources, 3)}
	for i := range 3 {
		for j := range 3 {
			if i != j {
				d.Affinity = append(d.Affinity, estimator.Edge{Source: i, Destination: j, Weight: 0.3})
			}
		}
	}
	m, pods := model(t, d), counts(3, 3)
	for i := range 12 {
		service, best, at := i%3, -1.0, 0
		decision := m.Place(service, Layout{Pods: pods})
		for zone := range pods {
			if v := decision.Score(zone, []int{0, 0, 0}, Resources{}).Value; v > best {
				best, at = v, zone
			}
		}
		pods[at][service]++
	}
	for zone, n := range pods {
		if slices.Min(n) == 0 {
			t.Errorf("zone %d has %v pods of the services, want some of each: %v", zone, n, pods)
		}
	}
}

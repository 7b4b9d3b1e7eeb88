package simulation_test

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// digest runs Online Boutique for a minute with a change of replicas and returns a hash of
// the bits of every response time.
func digest(t *testing.T, prepare func(*simulation.Engine)) uint64 {
	t.Helper()
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	e := engine(t, a)
	if prepare != nil {
		prepare(e)
	}
	poisson(t, e, 40)
	e.Run(30)
	for i := range a.Services {
		if err := e.SetReplicas(i, 3); err != nil {
			t.Fatal(err)
		}
	}
	e.Run(60)
	h := fnv.New64a()
	for _, s := range e.TakeResponses().Seconds {
		_ = binary.Write(h, binary.LittleEndian, math.Float64bits(s))
	}
	return h.Sum64()
}

// Without a network, and in one that costs nothing, the testbed does to the bit what it
// did before there were networks.
func TestWithoutNetworkNothingChanges(t *testing.T) {
	before := digest(t, nil)
	// Other processors fuse multiplications with additions, which changes last bits.
	const amd64 = 0x5183e7e332846cb1
	if runtime.GOARCH == "amd64" && before != amd64 {
		t.Errorf("responses without a network hash to %#x, want %#x", before, uint64(amd64))
	}
	same := digest(t, func(e *simulation.Engine) {
		e.SetNetwork(simulation.Network{Zones: []int{0}, Routing: simulation.PreferSameZone, Node: func(int, string) int { return 0 }})
	})
	if same != before {
		t.Errorf("responses on one node hash to %#x, want %#x", same, before)
	}
}

// Two services of six pods each on six nodes in three zones: the routing decides how far
// calls travel, and each distance adds its round trip to the response.
func TestCallsTravel(t *testing.T) {
	a := describe(t, chain)
	mean := func(routing simulation.Routing, trips [3]float64) (seconds float64, calls [3]float64) {
		e := engine(t, a)
		next := map[int]int{}
		for i := range a.Services {
			e.SetPods(i, nil)
		}
		e.SetNetwork(simulation.Network{
			Zones: []int{0, 0, 1, 1, 2, 2}, RoundTrip: trips, Routing: routing,
			Node: func(service int, pod string) int {
				if !strings.HasPrefix(pod, a.Services[service].Name) {
					t.Errorf("service %d has a pod %q", service, pod)
				}
				next[service]++
				return next[service] % 6
			},
		})
		for i := range a.Services {
			if err := e.SetReplicas(i, 6); err != nil {
				t.Fatal(err)
			}
		}
		e.Run(100)
		poisson(t, e, 5)
		e.Run(1100)
		total := 0.0
		travelled := e.Travelled()
		for _, n := range travelled {
			total += float64(n)
		}
		for d, n := range travelled {
			calls[d] = float64(n) / total
		}
		return e.TakeResponses().Mean(), calls
	}
	for routing, want := range map[simulation.Routing][3]float64{
		simulation.Anywhere:       {1. / 6, 1. / 6, 4. / 6},
		simulation.PreferSameZone: {0.5, 0.5, 0},
		simulation.PreferSameNode: {1, 0, 0},
	} {
		near, calls := mean(routing, [3]float64{})
		for d := range want {
			if math.Abs(calls[d]-want[d]) > 0.05 {
				t.Errorf("%s: shares of calls by distance are %.2f, want %.2f", routing, calls, want)
				break
			}
		}
		trips := [3]float64{0.001, 0.002, 0.004}
		expected := near
		for d, share := range calls {
			expected += share * trips[d]
		}
		if far, _ := mean(routing, trips); math.Abs(far-expected) > 0.0004 {
			t.Errorf("%s: mean response is %.5f s with round trips and %.5f s without, want %.5f", routing, far, near, expected)
		}
	}
}

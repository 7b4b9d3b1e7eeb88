package need

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// Future is the work that a load brings, second by second, warm-up included, and what
// it needs.
type Future struct {
	measured *Measured
	config   *loop.Config
	work     []Work    // by mix
	rps      []float64 // by second
	mix      []int     // by second: position in work
	mu       sync.Mutex
	known    map[key][]float64
}

type key struct {
	mix   int
	rps   float64
	spare float64
	size  float64
}

// Levels returns the lowest and the highest load of a configuration, in requests per
// second of users. Below a thirtieth of the highest nothing is worth a measurement.
func Levels(c *loop.Config) (low, high float64) {
	p := c.Load.Profile[:int((c.Warmup + c.Duration).Seconds())]
	low, high = slices.Min(p), slices.Max(p)
	return max(low, high/30), high
}

// Foresee looks at the load of a configuration, whose application was measured at its
// levels.
func Foresee(c *loop.Config, m *Measured) (*Future, error) {
	f := &Future{measured: m, config: c, known: map[key][]float64{}}
	weights := [][]float64{c.Load.Weights}
	for _, change := range c.Load.Changes {
		weights = append(weights, change.Weights)
	}
	for _, w := range weights {
		work, err := Expect(c.Application, w)
		if err != nil {
			return nil, err
		}
		f.work = append(f.work, work)
	}
	mix := 0
	for second, rps := range c.Load.Profile {
		for mix < len(c.Load.Changes) && c.Load.Changes[mix].At <= float64(second) {
			mix++
		}
		f.rps = append(f.rps, rps)
		f.mix = append(f.mix, mix)
	}
	return f, nil
}

// Visits returns the calls of each service for one request of users, under the mix of the
// start.
func (f *Future) Visits() []float64 { return f.work[0].Visits }

// Measured returns the measurements that needs come from.
func (f *Future) Measured() *Measured { return f.measured }

// share is the share of the SLO that the mean response may take: a response that
// grows without bound is best met at some distance.
const share = 0.8

// Usual is the spare work, in standard deviations, that a need is counted with.
const Usual = 2

// At returns the replicas that keep the SLO at a time since the start of the warm-up,
// even when chance brings that many standard deviations more work in a step than is
// expected: whole ones, or fractional ones for the need that estimates are compared
// with.
func (f *Future) At(at time.Duration, spare float64, whole bool) []float64 {
	second := min(len(f.rps)-1, max(0, int(at.Seconds())))
	k := key{mix: f.mix[second], rps: rounded(f.rps[second]), spare: spare, size: 1}
	if !whole {
		k.size = 0.05
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, ok := f.known[k]
	if !ok {
		w := f.work[k.mix]
		busy := scale(w.Busy, k.rps)
		for i := range busy {
			// Arrivals of a Poisson process with exponential demands.
			if calls := w.Visits[i] * k.rps * f.config.Step.Seconds(); calls > 0 {
				busy[i] *= 1 + spare*math.Sqrt(2/calls)
			}
		}
		n = f.measured.Replicas(busy, w.Visits, share*f.config.Application.SLO.Latency.D().Seconds(), k.size)
		f.known[k] = n
	}
	return n
}

// rounded returns a load up to 1 % above v, so that there are not too many of them.
func rounded(v float64) float64 {
	if v <= 0 {
		return 0
	}
	const fine = 100
	return math.Exp(math.Ceil(math.Log(v)*fine-1e-9) / fine)
}

// Within returns the most that is needed at any time from one on until another.
func (f *Future) Within(from, to time.Duration, spare float64) []int {
	most := make([]int, len(f.config.Application.Services))
	for at := from; at <= to; at += time.Second {
		for i, n := range f.At(at, spare, true) {
			most[i] = max(most[i], int(n))
		}
	}
	return most
}

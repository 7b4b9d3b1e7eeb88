package queueing

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

// calmThen returns a rate of 100 for ten minutes, and then others.
func calmThen(rates ...float64) []float64 { return append(slices.Repeat([]float64{100}, 40), rates...) }

// entering returns the arrivals at one entry, which answers within 10 ms.
func entering(rates []float64) *arrivals {
	const step = 15 * time.Second
	came := &arrivals{
		outside: [][]float64{rates}, entries: []variation{{1, step.Seconds()}}, own: []variation{{1, step.Seconds()}},
		latency: [][]float64{slices.Repeat([]float64{0.01}, len(rates))}, step: step,
	}
	came.load = came.sum(func(int) bool { return true })
	return came
}

func TestRamp(t *testing.T) {
	for name, c := range map[string]struct {
		rates []float64
		want  []float64 // the expected load at the ends of the next three steps; nil for no ramp
	}{
		"no rise":                            {calmThen(), nil},
		"a rise within chance":               {calmThen(109), nil},
		"the first step of a rise":           {calmThen(120), []float64{180, 220, 260}},
		"the second step":                    {calmThen(120, 160), []float64{220, 260, 300}},
		"a rise that has ended":              {calmThen(120, 160, 160), nil},
		"a jump to what is assumed":          {calmThen(200), []float64{400, 400, 400}},
		"beyond what is assumed":             {calmThen(500), []float64{500, 500, 500}},
		"as high within five minutes":        {calmThen(slices.Concat([]float64{200}, slices.Repeat([]float64{100}, 10), []float64{150})...), nil},
		"as high more than five minutes ago": {calmThen(slices.Concat([]float64{200}, slices.Repeat([]float64{100}, 20), []float64{120})...), []float64{180, 220, 260}},
		"a sample is missing":                {calmThen(math.NaN(), 120), []float64{180, 220, 260}},
		"a few requests":                     {[]float64{1, 1, 1, 1, 2}, nil},
		"too few samples":                    {[]float64{100, 150}, nil},
		"one step after the first sample":    {[]float64{math.NaN(), 100, 150}, nil},
	} {
		came := entering(c.rates)
		r := came.ramp(3)
		if (r == nil) != (c.want == nil) {
			t.Errorf("%s: ramp is %v, want one: %v", name, r, c.want != nil)
			continue
		}
		var got []float64
		for step := range c.want {
			rates := []float64{c.rates[len(c.rates)-1]}
			came.climb(rates, r, step, []float64{0})
			got = append(got, rates[0])
		}
		if d := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-9, 0)); d != "" {
			t.Errorf("%s: expected load (-want +got):\n%s", name, d)
		}
	}
}

// Users share the entries: each rises as all do, unless its own telemetry certainly shows another rise.
func TestEntriesClimbTogether(t *testing.T) {
	for name, c := range map[string]struct {
		second     [2]float64 // requests per second before and in the newest step, beside an entry that rises from 100 to 130
		dispersion float64
		want       float64 // after the step that brings twice the rise of 30 % in the newest
	}{
		"as all":                 {[2]float64{100, 130}, 1, 190},
		"within chance of that":  {[2]float64{100, 127}, 1, 187},
		"not at all":             {[2]float64{100, 100}, 1, 100},
		"twice as much":          {[2]float64{100, 160}, 1, 280},
		"at chance":              {[2]float64{100, 95}, 400, 155},
		"beyond what is assumed": {[2]float64{100, 250}, 1, 400},
	} {
		came := entering([]float64{100, 130})
		came.outside = append(came.outside, c.second[:])
		came.entries = append(came.entries, variation{c.dispersion, 15})
		rates := []float64{130, c.second[1]}
		came.climb(rates, &rising{share: 0.3, more: []float64{2}}, 0, []float64{0, 0})
		if d := cmp.Diff([]float64{190, c.want}, rates, cmpopts.EquateApprox(1e-9, 0)); d != "" {
			t.Errorf("%s: expected load (-want +got):\n%s", name, d)
		}
	}
}

// What a queue answers while it is worked off is no rise of the load.
func TestQueuesThatAreWorkedOffAreNoRamp(t *testing.T) {
	came := entering(calmThen(50, 140))
	came.latency[0][40] = 2
	if came.ramp(3) != nil {
		t.Error("the answers of a queue count as a ramp")
	}
	came.latency[0][40] = 0.01
	if came.ramp(3) == nil {
		t.Error("without a queue there is no ramp")
	}
}

// A season that vouches for the load expects no ramp that it did not announce.
func TestSeasonsNeedNoRamp(t *testing.T) {
	came := entering(calmThen(120))
	for vouched, want := range map[float64]float64{0: 180, 0.5: 150, 1: 120} {
		rates := []float64{120}
		came.climb(rates, came.ramp(3), 0, []float64{vouched})
		if math.Abs(rates[0]-want) > 1e-9 {
			t.Errorf("with %v of the load vouched for, %.3g requests per second are expected, want %v", vouched, rates[0], want)
		}
	}
}

// Noise around a steady load is no ramp: one in a million steps.
func TestNoiseIsNoRamp(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, rate := range []float64{2, 20, 200} {
		found := 0
		for range 2000 {
			rates := make([]float64, 40)
			for k := range rates {
				rates[k] = rate + math.Sqrt(rate/15)*random.NormFloat64()
			}
			if entering(rates).ramp(3) != nil {
				found++
			}
		}
		if found > 0 {
			t.Errorf("%d of 2000 windows of %v requests per second end in a ramp", found, rate)
		}
	}
}

// The whole chain gets what the first step of a ramp becomes, and keeps none of it.
func TestRampsAreForeseenAndNotHeld(t *testing.T) {
	for _, traced := range []bool{false, true} {
		w := after(chainModel(), 12, entry("a", 100), traced)
		calm := needs(t, newHAB(t), w)
		w.Set(0, 11, w.Channel(estimator.Requests), 130)
		a, err := NewAnalytic(DefaultConfig(), 12)
		if err != nil {
			t.Fatal(err)
		}
		services, err := open(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		o, err := a.at(w, services, estimator.Range{To: 12})
		if err != nil {
			t.Fatal(err)
		}
		for n := range calm {
			if seen, firm := o.highest[n]/calm[n], o.firm[n]/calm[n]; seen < 2 || firm > 1.35 {
				t.Errorf("traced %v: service %d is planned for %.2f times the load and holds %.2f times it, want more than 2 and about 1.3", traced, n, seen, firm)
			}
		}
	}
}

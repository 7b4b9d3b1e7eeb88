package queueing

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// loop closes the circle of model, telemetry, estimator and autoscaler.
// Replicas are ready delay steps after they were decided, and follow a lower
// decision only after hold steps, as under a HorizontalPodAutoscaler.
type loop struct {
	model       *fluid
	estimator   estimator.Estimator
	slo         float64
	traced      bool
	delay, hold int

	decisions [][]float64
	latency   []float64
	replicas  [][]float64
}

func (l *loop) run(t *testing.T, load func(step int) float64, steps int) {
	t.Helper()
	name := l.model.services[0].name
	for k := range steps {
		outside := entry(name, load(k))
		l.latency = append(l.latency, l.model.advance(outside)[0].latency)
		w := l.model.window(12, l.model.graph(outside, l.traced))
		if k+1 < minSamples {
			continue
		}
		decision := needs(t, l.estimator, w)
		for i, n := range decision {
			decision[i] = max(1, math.Ceil(n-0.05))
		}
		l.decisions = append(l.decisions, decision)
		now := len(l.decisions) - 1 - l.delay
		if now < 0 {
			continue
		}
		running := make([]float64, len(decision))
		for i := range decision {
			highest := l.decisions[now][i]
			for _, d := range l.decisions[max(0, now-l.hold):now] {
				highest = max(highest, d[i])
			}
			s := &l.model.services[i]
			s.replicas = max(l.decisions[now][i], min(s.replicas, highest))
			running[i] = s.replicas
		}
		l.replicas = append(l.replicas, running)
	}
}

// violations counts the steps from the given one on in which the SLO was missed.
func (l *loop) violations(from int) int {
	n := 0
	for _, v := range l.latency[from:] {
		if v > l.slo {
			n++
		}
	}
	return n
}

func newLoop(t *testing.T, m *fluid, holistic bool) *loop {
	m.noise = rand.New(rand.NewPCG(1, 2))
	c := DefaultConfig()
	c.SLO = 500 * time.Millisecond
	c.LeadTime = 75 * time.Second // steps of 30 s
	l := &loop{model: m, slo: c.SLO.Seconds(), delay: 2, hold: 6}
	var err error
	if holistic {
		l.estimator, err = NewHAB(c)
	} else {
		l.estimator, err = NewMMN(c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func stepLoad(from, to float64, at int) func(int) float64 {
	return func(k int) float64 {
		if k < at {
			return from
		}
		return to
	}
}

// TestClosedLoopSettles drives noisy telemetry through steps up and down. Once
// settled there is no violation, no waste and no oscillation.
func TestClosedLoopSettles(t *testing.T) {
	models := map[string]func() *fluid{"chain": chainModel, "boutique": boutiqueModel}
	for name, model := range models {
		for _, holistic := range []bool{true, false} {
			for _, to := range []float64{30, 100, 400} {
				l := newLoop(t, model(), holistic)
				l.run(t, stepLoad(100, to, 15), 90)
				const settled = 60
				if n := l.violations(settled); n > 0 {
					t.Errorf("%s, holistic %v, load 100 → %v: %d violations after settling, latencies %.3f", name, holistic, to, n, l.latency[settled:])
				}
				last := l.replicas[len(l.replicas)-25:]
				for i, s := range l.model.services {
					var counts []float64
					for _, r := range last {
						counts = append(counts, r[i])
					}
					low, high := slices.Min(counts), slices.Max(counts)
					if high-low > max(1, 0.1*high) {
						t.Errorf("%s, holistic %v, load %v: %s goes on between %v and %v replicas", name, holistic, to, s.name, low, high)
					}
					mean := 0.0
					for _, r := range l.model.history[settled:] {
						mean += r[i].cpu / float64(len(l.model.history)-settled)
					}
					if high > 2 && (mean < 0.4 || mean > 0.85) {
						t.Errorf("%s, holistic %v, load %v: %s is %.2f busy with %v replicas", name, holistic, to, s.name, mean, high)
					}
				}
			}
		}
	}
}

// TestClosedLoopKeepsUpWithSlowLoads rises, falls and fluctuates at a pace that
// pods can follow (Fig. 8(a) of the paper).
func TestClosedLoopKeepsUpWithSlowLoads(t *testing.T) {
	loads := map[string]func(int) float64{
		"slight rise":            func(k int) float64 { return 100 + 3*float64(k) },
		"slight fall":            func(k int) float64 { return max(50, 350-3*float64(k)) },
		"continuous fluctuation": func(k int) float64 { return 150 + 80*math.Sin(float64(k)/8) },
	}
	for name, load := range loads {
		for _, traced := range []bool{false, true} {
			l := newLoop(t, chainModel(), true)
			l.traced = traced
			for i := range l.model.services {
				l.model.services[i].replicas *= math.Ceil(load(0) / 100)
			}
			l.run(t, load, 120)
			if n := l.violations(0); n > 2 {
				t.Errorf("%s, traced %v: %d of 120 steps violate the SLO", name, traced, n)
			}
		}
	}
}

// TestClosedLoopWithShortSteps runs in steps of 5 s, far below the lead time.
func TestClosedLoopWithShortSteps(t *testing.T) {
	m := chainModel()
	m.step = 5 * time.Second
	l := newLoop(t, m, true)
	l.delay, l.hold = 8, 24
	l.run(t, stepLoad(100, 250, 20), 160)
	if n := l.violations(20); n > 30 {
		t.Errorf("a burst violates the SLO in %d steps of 5 s", n)
	}
	if n := l.violations(100); n > 0 {
		t.Errorf("%d violations after settling", n)
	}
	for i, busy := range []float64{7.5, 6, 3} {
		n := l.replicas[len(l.replicas)-1][i]
		if n < busy/0.85 || n > busy/0.5+1 {
			t.Errorf("%s settles at %v replicas for a load that keeps %v busy", m.services[i].name, n, busy)
		}
	}
}

// TestHolisticScalingEndsABurstSooner is the paper's case for it (§II-C,
// Insight 1): one scaling action instead of one per service of the chain.
func TestHolisticScalingEndsABurstSooner(t *testing.T) {
	counts := map[bool]int{}
	for _, holistic := range []bool{true, false} {
		l := newLoop(t, chainModel(), holistic)
		l.run(t, stepLoad(100, 400, 15), 60)
		counts[holistic] = l.violations(0)
	}
	t.Logf("violated steps: %d holistic, %d per service", counts[true], counts[false])
	if counts[true] > 7 || counts[true] >= counts[false] {
		t.Errorf("a burst of four times the load violates the SLO in %d steps with HAB and %d with MMN", counts[true], counts[false])
	}
}

// TestEstimatesUnderAWindowThatIsStillFilling is the first minute of an
// application: two steps are enough for a plan that does not scale in blindly.
func TestEstimatesUnderAWindowThatIsStillFilling(t *testing.T) {
	m := chainModel()
	m.advance(entry("a", 100))
	w := m.window(12, m.graph(entry("a", 100), false))
	if _, err := newHAB(t).Estimate(context.Background(), w); err == nil {
		t.Error("one sample is enough for a forecast, want at least two")
	}
	m.advance(entry("a", 100))
	got := needs(t, newHAB(t), m.window(12, m.graph(entry("a", 100), false)))
	if got[0] < 4 || got[0] > 6 {
		t.Errorf("after two steps the entry needs %.2f replicas, want about 4.6", got[0])
	}
}

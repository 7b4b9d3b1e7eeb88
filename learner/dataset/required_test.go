package dataset

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

var requiredFeatures = []string{"replicas", "cpu", "latency", "requests"}

func requiredSeries(services []string, steps int) *Series {
	return NewSeries(services, requiredFeatures, time.Unix(0, 0).UTC(), 30*time.Second, steps)
}

func setRow(s *Series, t, n int, replicas, cpu, latency, requests float64) {
	copy(s.Row(t, n), []float64{replicas, cpu, latency, requests})
}

// A service is scaled at random, often too small and often too large. The label
// must not follow it but the load.
func TestRequiredFindsTheTruth(t *testing.T) {
	for _, tc := range []struct {
		name               string
		service, off, idle float64
		peak               float64 // requests per second
		slo                time.Duration
		exact, saturations float64
	}{
		{name: "no SLO", service: 0.1, peak: 50, exact: 0.75, saturations: 60},
		{name: "slow off the CPU", service: 0.1, off: 0.2, peak: 50, exact: 0.7, saturations: 60},
		{name: "with idle work", service: 0.1, idle: 0.1, peak: 50, exact: 0.7, saturations: 60},
		{name: "tight SLO", service: 0.1, peak: 30, slo: 180 * time.Millisecond, exact: 0.7, saturations: 30},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			const steps = 600
			r := rand.New(rand.NewPCG(21, 22))
			ps := &processorSharing{r: r, service: tc.service, off: tc.off, idle: tc.idle}
			s := requiredSeries([]string{"a"}, steps)
			rates := make([]float64, steps)
			replicas := 4
			for k := range steps {
				rates[k] = tc.peak * (0.55 + 0.4*math.Sin(2*math.Pi*float64(k)/200) + 0.05*max(-2, r.NormFloat64()))
				if k%8 == 0 {
					replicas = 1 + r.IntN(12)
				}
				requests, cpu, latency := ps.run(rates[k], replicas, 30)
				setRow(s, k, 0, float64(replicas), cpu, latency, requests)
			}
			label := Required{SLO: tc.slo}
			train := Range{0, 420}
			fitted, err := label.Fit(s, train)
			if err != nil {
				t.Fatal(err)
			}
			labels, err := label.Label(s, train)
			if err != nil {
				t.Fatal(err)
			}
			f := fitted[0]
			t.Logf("%+v", f)
			if math.Abs(f.Demand/tc.service*1/(1-tc.idle)-1) > 0.12 {
				t.Errorf("a request needs %v s of a replica, want %v", f.Demand, tc.service)
			}
			share := 3 * (tc.off + tc.service)
			if tc.slo > 0 {
				share = tc.slo.Seconds()
			}
			exact, near, calm, hidden := 0.0, 0.0, 0.0, 0.0
			for k, got := range labels {
				want := float64(ps.truth(rates[k], share))
				ran, u := s.At(k, 0, 0), s.At(k, 0, 1)
				if u >= estimator.SaturatedFrom {
					hidden++
					if got < ran+1 {
						t.Errorf("step %d: %v replicas are enough where %v were saturated", k, got, ran)
					}
					continue
				}
				calm++
				if got == want {
					exact++
				}
				if math.Abs(got-want) <= 1 {
					near++
				}
			}
			t.Logf("of %v calm steps %.3f exact, %.3f within 1; %v saturated", calm, exact/calm, near/calm, hidden)
			if exact/calm < tc.exact || near/calm < 0.95 || hidden < tc.saturations {
				t.Errorf("%.2f of the labels are exact and %.2f within one replica, want %v and 0.95; %v steps were saturated, want %v",
					exact/calm, near/calm, tc.exact, hidden, tc.saturations)
			}
		})
	}
}

// An M/M/n queue is served better by n replicas than by n times one; the fitted
// curve must tell.
func TestRequiredOfSharedQueue(t *testing.T) {
	const steps, service, share = 600, 0.05, 0.1
	wait := func(n int, rate float64) float64 { // mean latency, Erlang C
		a := rate * service
		if a >= float64(n) {
			return math.Inf(1)
		}
		b := 1.0
		for k := 1; k <= n; k++ {
			b = a * b / (float64(k) + a*b)
		}
		c := b / (1 - a/float64(n)*(1-b))
		return service + c*service/(float64(n)-a)
	}
	r := rand.New(rand.NewPCG(23, 24))
	s := requiredSeries([]string{"a"}, steps)
	rates := make([]float64, steps)
	replicas := 6
	for k := range steps {
		rates[k] = 40 + 160*r.Float64()
		if k%6 == 0 {
			replicas = 4 + r.IntN(10)
		}
		n := float64(replicas)
		u := min(1, rates[k]*service/n)
		latency := min(5, wait(replicas, rates[k]))
		setRow(s, k, 0, n, u*(1+0.02*r.NormFloat64()), latency*(1+0.05*r.NormFloat64()), min(rates[k], n/service))
	}
	labels, err := Required{Slowdown: share / service}.Label(s, Range{0, 400})
	if err != nil {
		t.Fatal(err)
	}
	near, calm, total := 0.0, 0.0, 0.0
	for k, got := range labels {
		if s.At(k, 0, 1) >= estimator.SaturatedFrom {
			continue
		}
		want := 1
		for wait(want, rates[k]) > share {
			want++
		}
		calm++
		total += got - float64(want)
		if math.Abs(got-float64(want)) <= 1 {
			near++
		}
	}
	t.Logf("%.3f within 1, bias %.3f", near/calm, total/calm)
	if near/calm < 0.95 || math.Abs(total/calm) > 0.6 {
		t.Errorf("%.2f of the labels are within one replica and their bias is %.2f, want 0.95 and at most 0.6", near/calm, total/calm)
	}
}

// The requests a service handles become twice as dear half way: the labels must
// follow within a few steps, for what they look back on.
func TestRequiredFollowsTheMix(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	s := requiredSeries([]string{"a"}, 400)
	for k := range 400 {
		demand := 0.02
		if k >= 300 {
			demand = 0.04
		}
		rate := 100 + 10*r.NormFloat64()
		u := rate * demand / 8
		setRow(s, k, 0, 8, u, 0.03/(1-u), rate)
	}
	labels, err := Required{}.Label(s, Range{0, 280})
	if err != nil {
		t.Fatal(err)
	}
	for k, got := range labels {
		want := s.At(k, 0, 3) * 0.02 / (2. / 3)
		if k >= 300 {
			want *= 2
		}
		if k < 300 || k > 305 {
			if math.Abs(got-want) > 1.1 {
				t.Errorf("step %d: label %v, want about %.1f", k, got, want)
			}
		}
	}
}

func TestRequiredSharesTheSLO(t *testing.T) {
	// front spends 10 ms of its own and calls back twice at 20 ms: 50 ms in all
	// when there is no load, and 5 times that at most.
	const steps = 300
	r := rand.New(rand.NewPCG(27, 28))
	s := requiredSeries([]string{"back", "front"}, steps)
	for k := range steps {
		rate := 20 + 60*r.Float64()
		uf, ub := rate*0.01, 2*rate*0.02/4
		back := 0.02 / (1 - ub)
		setRow(s, k, 0, 4, ub, back, 2*rate)
		setRow(s, k, 1, 1, uf, 0.01/(1-uf)+2*back, rate)
	}
	calls := []Edge{{Source: 1, Destination: 0, Weight: 2}}
	fitted, err := Required{SLO: 200 * time.Millisecond, Calls: calls}.Fit(s, Range{0, steps})
	if err != nil {
		t.Fatal(err)
	}
	back, front := fitted[0], fitted[1]
	if math.Abs(front.Unloaded-0.01) > 1e-3 || math.Abs(back.Unloaded-0.02) > 1e-3 {
		t.Errorf("front and back take %v and %v s of their own, want 0.01 and 0.02", front.Unloaded, back.Unloaded)
	}
	if total := front.Share + 2*back.Share; math.Abs(total-0.2) > 0.005 {
		t.Errorf("the shares %v + 2·%v add up to %v, want the SLO 0.2", front.Share, back.Share, total)
	}
	for _, f := range fitted {
		if got := f.Latency(f.Utilisation); math.Abs(got/f.Share-1) > 0.01 {
			t.Errorf("%s takes %v s at its target %v, want its share %v", f.Service, got, f.Utilisation, f.Share)
		}
	}
	tight, err := Required{SLO: 100 * time.Millisecond, Calls: calls}.Fit(s, Range{0, steps})
	if err != nil {
		t.Fatal(err)
	}
	percentile, err := Required{SLO: 200 * time.Millisecond, SLOPercentile: 0.95, Calls: calls}.Fit(s, Range{0, steps})
	if err != nil {
		t.Fatal(err)
	}
	for i := range fitted {
		if !(tight[i].Utilisation < fitted[i].Utilisation && percentile[i].Utilisation < tight[i].Utilisation) {
			t.Errorf("%s is planned for %v at 200 ms, %v at 100 ms and %v at a p95 of 200 ms; a tighter SLO needs a lower one",
				fitted[i].Service, fitted[i].Utilisation, tight[i].Utilisation, percentile[i].Utilisation)
		}
	}
}

// A service that few requests reach, and that is slower than the entry is on
// average, may not be slower than the SLO.
func TestRequiredOfRareService(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	s := requiredSeries([]string{"checkout", "front"}, 200)
	for k := range 200 {
		u := 0.2 + 0.6*r.Float64()
		setRow(s, k, 0, 1, u, 0.1/(1-u), u/0.1)
		setRow(s, k, 1, 1, u, 0.01/(1-u)+0.02*0.1/(1-u), 50*u/0.1)
	}
	for _, calls := range [][]Edge{nil, {{Source: 1, Destination: 0, Weight: 0.02}}} {
		fitted, err := Required{SLO: 500 * time.Millisecond, Calls: calls}.Fit(s, Range{0, 200})
		if err != nil {
			t.Fatal(err)
		}
		if got := fitted[0].Share; math.Abs(got-0.5) > 1e-9 {
			t.Errorf("with calls %v the share of the slow service is %v s, want the SLO, 0.5", calls, got)
		}
	}
}

func TestRequiredAtTheEdges(t *testing.T) {
	// A regular service of 4 replicas at d = 0.02 s, u = 0.5, whose latency is
	// 0.04 s; then one special step.
	for _, tc := range []struct {
		name                            string
		replicas, cpu, latency, request float64
		want                            float64
	}{
		{"as before", 4, 0.5, 0.04, 100, 3},
		{"no requests", 4, 0.01, nan, 0, 1},
		{"requests unknown", 4, 0.5, 0.04, nan, nan},
		{"cpu unknown", 4, nan, 0.04, 100, nan},
		{"latency unknown", 4, 0.5, nan, 100, 3},
		{"replicas unknown", nan, 0.5, 0.04, 100, 3},
		{"saturated", 4, 0.97, 0.5, 190, 6},
		{"saturated and served little", 4, 0.97, 0.04, 10, 5},
		{"saturated, replicas unknown", nan, 0.97, 0.5, 190, nan},
		{"saturated while latency grows", 4, 0.97, 15.04, 200, 12},
		{"stuck at some CPU", 8, 0.75, 2, 100, 9},
		{"stuck without CPU", 8, 0.2, 2, 100, 8},
		{"slow but growing", 8, 0.2, 2, 150, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(29, 30))
			s := requiredSeries([]string{"a"}, 51)
			for k := range 50 {
				u := 0.3 + 0.4*r.Float64()
				if k >= 40 {
					u = 0.5
				}
				setRow(s, k, 0, 4, u, 0.02/(1-u), u*4/0.02)
			}
			setRow(s, 50, 0, tc.replicas, tc.cpu, tc.latency, tc.request)
			labels, err := Required{}.Label(s, Range{0, 50})
			if err != nil {
				t.Fatal(err)
			}
			if got := labels[50]; got != tc.want && !(math.IsNaN(got) && math.IsNaN(tc.want)) {
				t.Errorf("label is %v, want %v", got, tc.want)
			}
		})
	}
}

// However a service was scaled, nothing that happens later may change its
// labels.
func TestRequiredLooksBackOnly(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	const steps, cut = 200, 150
	s := requiredSeries([]string{"a"}, steps)
	for k := range steps {
		u := r.Float64()
		setRow(s, k, 0, float64(1+r.IntN(5)), u, 0.02/(1-u), 100*r.Float64())
	}
	before, err := Required{}.Label(s, Range{0, 100})
	if err != nil {
		t.Fatal(err)
	}
	for k := cut; k < steps; k++ {
		setRow(s, k, 0, 9, 1, 30, 1)
	}
	after, err := Required{}.Label(s, Range{0, 100})
	if err != nil {
		t.Fatal(err)
	}
	for k := range cut {
		if before[k] != after[k] {
			t.Fatalf("the label of step %d was %v and is %v after later steps changed", k, before[k], after[k])
		}
	}
}

// Whatever the telemetry, a label is NaN or a whole number from 1 up.
func TestRequiredOfAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	pick := func() float64 {
		return []float64{nan, 0, 1, 0.5, 0.95, 3, 1e-9, 1e6, -1, r.Float64(), 10 * r.Float64()}[r.IntN(11)]
	}
	for range 300 {
		steps := 1 + r.IntN(40)
		s := requiredSeries([]string{"a", "b"}, steps)
		for i := range s.Values {
			s.Values[i] = pick()
		}
		labels, err := Required{SLO: time.Duration(r.IntN(2)) * time.Second, Calls: []Edge{{Source: 0, Destination: 1, Weight: 1}}}.Label(s, Range{0, 1 + steps/2})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range labels {
			if !math.IsNaN(v) && !(v >= 1 && v == math.Trunc(v) && !math.IsInf(v, 1)) {
				t.Fatalf("label %d is %v for\n%v", i, v, s.Values)
			}
		}
		fitted, err := Required{MinUtilisation: 0.1}.Fit(s, Range{0, 1 + steps/2})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fitted {
			if err := f.Sizing().Validate(); err != nil {
				t.Fatalf("%v for %+v of\n%v", err, f, s.Values)
			}
		}
	}
}

func TestRequiredErrors(t *testing.T) {
	s := requiredSeries([]string{"a"}, 10)
	for _, tc := range []struct {
		label Required
		want  string
	}{
		{Required{SLO: -1}, "slo is -1ns"},
		{Required{SLOPercentile: 0.1}, "slo percentile is 0.1"},
		{Required{SLOPercentile: 1}, "slo percentile is 1"},
		{Required{Slowdown: 1}, "slowdown is 1"},
		{Required{MinUtilisation: 0.95}, "bounded by 0.95 and 0.9"},
		{Required{MaxUtilisation: 1}, "bounded by 0.3 and 1"},
		{Required{Calls: []Edge{{Source: 0, Destination: 1, Weight: 1}}}, "invocation graph: edge 0→1 is not between 1 services"},
	} {
		if _, err := tc.label.Label(s, Range{0, 5}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want one with %q", err, tc.want)
		}
	}
	if _, err := (Required{}).Label(NewSeries([]string{"a"}, []string{"cpu", "replicas", "requests"}, time.Time{}, 1, 5), Range{0, 5}); err == nil ||
		!strings.Contains(err.Error(), `no feature "latency"`) {
		t.Errorf("no latency: error %v, want one that says so", err)
	}
}

func TestRequiredSamples(t *testing.T) {
	s := requiredSeries([]string{"a", "silent"}, 200)
	for k := range 200 {
		u := 0.4 + 0.2*math.Sin(float64(k)/9)
		setRow(s, k, 0, 4, u, 0.02/(1-u), u*4/0.02)
	}
	d := mustNew(t, s, Options{Label: Required{}, Horizons: []int{1, 2}})
	x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
	d.Batch(Test, []int{0}, x, y)
	for h, v := range y {
		if silent := h >= 2; silent != math.IsNaN(float64(v)) {
			t.Errorf("label %d is %v: only the service that never answered is masked", h, v)
		}
	}
	if errors := d.Evaluate(Test, d.Persistence()).Overall(); errors.Count == 0 || errors.MAE > 0.5 {
		t.Errorf("persistence of the requirement: %+v, want small errors", errors)
	}
}

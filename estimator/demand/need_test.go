package demand

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

var nan = math.NaN()

// silent returns services about which nothing is known.
func silent(services, steps int) []Service {
	out := make([]Service, services)
	for i := range out {
		out[i].Step = 30
		for _, v := range []*[]float64{&out[i].Replicas, &out[i].CPU, &out[i].Requests, &out[i].Latency} {
			*v = slices.Repeat([]float64{nan}, steps)
		}
	}
	return out
}

func (s *Service) set(t int, replicas, cpu, latency, requests float64) {
	s.Replicas[t], s.CPU[t], s.Latency[t], s.Requests[t] = replicas, cpu, latency, requests
}

func look(t *testing.T, slo SLO, services []Service, calls []estimator.Edge, train estimator.Range) *Hindsight {
	t.Helper()
	h, err := Look(Policy{SLO: slo}, services, calls, train)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A service is scaled at random, often too small and often too large. The label
// must not follow it but the load.
func TestNeedFindsTheTruth(t *testing.T) {
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
			s := silent(1, steps)
			rates := make([]float64, steps)
			replicas := 4
			for k := range steps {
				rates[k] = tc.peak * (0.55 + 0.4*math.Sin(2*math.Pi*float64(k)/200) + 0.05*max(-2, r.NormFloat64()))
				if k%8 == 0 {
					replicas = 1 + r.IntN(12)
				}
				requests, cpu, latency := ps.run(rates[k], replicas, 30)
				s[0].set(k, float64(replicas), cpu, latency, requests)
			}
			train := estimator.Range{To: 420}
			h := look(t, SLO{Bound: tc.slo}, s, nil, train)
			f := h.Fitted[0]
			t.Logf("%+v", f)
			if math.Abs(f.PerRequest/tc.service*1/(1-tc.idle)-1) > 0.12 {
				t.Errorf("a request needs %v s of a replica, want %v", f.PerRequest, tc.service)
			}
			share := 3 * (tc.off + tc.service)
			if tc.slo > 0 {
				share = tc.slo.Seconds()
			}
			exact, near, calm, hidden := 0.0, 0.0, 0.0, 0.0
			for k, need := range h.Needs(0) {
				want := float64(ps.truth(rates[k], share))
				if ran := s[0].Replicas[k]; Saturated(s[0].CPU[k]) {
					hidden++
					if need.Replicas < ran+1 || !need.AtLeast {
						t.Errorf("step %d: %+v replicas are enough where %v were saturated", k, need, ran)
					}
					continue
				}
				got := whole(need.Replicas)
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
func TestNeedOfSharedQueue(t *testing.T) {
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
	s := silent(1, steps)
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
		s[0].set(k, n, u*(1+0.02*r.NormFloat64()), latency*(1+0.05*r.NormFloat64()), min(rates[k], n/service))
	}
	near, calm, total := 0.0, 0.0, 0.0
	for k, need := range look(t, SLO{Bound: 100 * time.Millisecond}, s, nil, estimator.Range{To: 400}).Needs(0) {
		if Saturated(s[0].CPU[k]) {
			continue
		}
		got := whole(need.Replicas)
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
func TestNeedFollowsTheMix(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	s := silent(1, 400)
	for k := range 400 {
		demand := 0.02
		if k >= 300 {
			demand = 0.04
		}
		rate := 100 + 10*r.NormFloat64()
		u := rate * demand / 8
		s[0].set(k, 8, u, 0.03/(1-u), rate)
	}
	for k, need := range look(t, SLO{}, s, nil, estimator.Range{To: 280}).Needs(0) {
		want := s[0].Requests[k] * 0.02 / (2. / 3)
		if k >= 300 {
			want *= 2
		}
		if k < 300 || k > 305 {
			if math.Abs(need.Replicas-want) > 0.1 {
				t.Errorf("step %d: need %v, want about %.2f", k, need, want)
			}
		}
	}
}

func TestNeedSharesTheSLO(t *testing.T) {
	// front spends 10 ms of its own and calls back twice at 20 ms: 50 ms in all
	// when there is no load, and 5 times that at most.
	const steps = 300
	r := rand.New(rand.NewPCG(27, 28))
	s := silent(2, steps)
	for k := range steps {
		rate := 20 + 60*r.Float64()
		uf, ub := rate*0.01, 2*rate*0.02/4
		back := 0.02 / (1 - ub)
		s[0].set(k, 4, ub, back, 2*rate)
		s[1].set(k, 1, uf, 0.01/(1-uf)+2*back, rate)
	}
	calls := []estimator.Edge{{Source: 1, Destination: 0, Weight: 2}}
	fitted := look(t, SLO{Bound: 200 * time.Millisecond}, s, calls, estimator.Range{To: steps}).Fitted
	back, front := fitted[0], fitted[1]
	if math.Abs(front.Unloaded-0.01) > 1e-3 || math.Abs(back.Unloaded-0.02) > 1e-3 {
		t.Errorf("front and back take %v and %v s of their own, want 0.01 and 0.02", front.Unloaded, back.Unloaded)
	}
	if total := front.Share + 2*back.Share; math.Abs(total-0.2) > 0.005 {
		t.Errorf("the shares %v + 2·%v add up to %v, want the SLO 0.2", front.Share, back.Share, total)
	}
	for i, f := range fitted {
		if got := f.Latency(f.Utilisation); math.Abs(got/f.Share-1) > 0.01 {
			t.Errorf("service %d takes %v s at its target %v, want its share %v", i, got, f.Utilisation, f.Share)
		}
	}
	tight := look(t, SLO{Bound: 100 * time.Millisecond}, s, calls, estimator.Range{To: steps}).Fitted
	percentile := look(t, SLO{Bound: 200 * time.Millisecond, Percentile: 0.95}, s, calls, estimator.Range{To: steps}).Fitted
	for i := range fitted {
		if !(tight[i].Utilisation < fitted[i].Utilisation && percentile[i].Utilisation < tight[i].Utilisation) {
			t.Errorf("service %d is planned for %v at 200 ms, %v at 100 ms and %v at a p95 of 200 ms; a tighter SLO needs a lower one",
				i, fitted[i].Utilisation, tight[i].Utilisation, percentile[i].Utilisation)
		}
	}
}

// A service that few requests reach may be as many times slower as the entry may be, and as
// slow as the SLO where no calls are known.
func TestNeedOfRareService(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	s := silent(2, 200)
	for k := range 200 {
		u := 0.2 + 0.6*r.Float64()
		s[0].set(k, 1, u, 0.1/(1-u), u/0.1)
		s[1].set(k, 1, u, 0.01/(1-u)+0.02*0.1/(1-u), 50*u/0.1)
	}
	for _, tc := range []struct {
		calls []estimator.Edge
		want  float64
	}{
		{nil, 0.5},
		{[]estimator.Edge{{Source: 1, Destination: 0, Weight: 0.02}}, 0.1 * 0.5 / 0.012},
	} {
		fitted := look(t, SLO{Bound: 500 * time.Millisecond}, s, tc.calls, estimator.Range{To: 200}).Fitted
		if got := fitted[0].Share; math.Abs(got/tc.want-1) > 1e-6 {
			t.Errorf("with calls %v the share of the slow service is %v s, want %v", tc.calls, got, tc.want)
		}
	}
}

func TestOutside(t *testing.T) {
	calls := []estimator.Edge{{Source: 0, Destination: 1, Weight: 2}, {Source: 0, Destination: 2, Weight: 1}, {Source: 2, Destination: 2, Weight: 1}}
	got := Outside([]float64{100, 205, 150, 0}, calls)
	if want := []float64{100, 0, 50, 0}; !slices.Equal(got, want) {
		t.Errorf("%v requests per second from outside, want %v", got, want)
	}
}

// whole rounds a need as the plan does.
func whole(need float64) float64 { return math.Ceil(need - 0.05) }

func TestSizingOfRequirement(t *testing.T) {
	for _, tc := range []struct {
		r    Requirement
		want Sizing
	}{
		{Requirement{Law: Law{Idle: 0.1}, Utilisation: 0.6}, Sizing{Idle: 0.1, Utilisation: 0.6}},
		{Requirement{Law: Law{PerRequest: nan}, Utilisation: nan}, Sizing{Utilisation: 0.7}},
	} {
		if got := tc.r.Sizing(); got != tc.want {
			t.Errorf("%+v: %+v, want %+v", tc.r, got, tc.want)
		}
	}
}

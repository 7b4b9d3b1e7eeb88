package demand

import (
	"math"
	"math/rand/v2"
	"testing"
)

// served returns a service that follows the utilisation law, in steps of 30 s.
func served(loads, replicas []float64, perRequest, idle float64, noise *rand.Rand) *Service {
	s := &silent(1, len(loads))[0]
	for i, x := range loads {
		n := replicas[i%len(replicas)]
		cpu := idle + perRequest*x/n
		if noise != nil {
			cpu *= 1 + 0.03*noise.NormFloat64()
			x *= 1 + 0.01*noise.NormFloat64()
		}
		s.set(i, n, cpu, nan, x)
	}
	return s
}

// law is the law that is fitted to all steps of a service.
func law(s *Service) Law {
	steps := make([]int, len(s.CPU))
	for t := range steps {
		steps[t] = t
	}
	return s.FitLaw(steps, 4)
}

func rising(from, to float64, steps int) []float64 {
	out := make([]float64, steps)
	for i := range out {
		out[i] = from + (to-from)*float64(i)/float64(steps-1)
	}
	return out
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }

// TestIdleReplicasAreNoWork: the more replicas a service has that idles at a third of
// its limit, the more of its CPU has nothing to do with requests. Taken for work, it
// would ask for as many replicas again whenever the load doubles.
func TestIdleReplicasAreNoWork(t *testing.T) {
	s := served([]float64{200, 210, 800, 790, 220, 200}, []float64{20}, 0.0009, 0.33, nil)
	for range 3 {
		s.Requests = append(s.Requests, s.Requests...)
		s.CPU = append(s.CPU, s.CPU...)
		s.Replicas = append(s.Replicas, s.Replicas...)
	}
	d := law(s)
	work := 800 * d.PerRequest
	if n := (Sizing{Idle: d.Idle, Utilisation: 0.75}).Need(work); n > 4 {
		t.Errorf("%+v: 800 requests per second need %.1f replicas, want the 2 that do the work, or little more", d, n)
	}
}

func TestDemandFollowsTheUtilisationLaw(t *testing.T) {
	varied := rising(20, 80, 12)
	d := law(served(varied, []float64{4}, 0.03, 0.1, nil))
	if !near(d.PerRequest, 0.03, 0.02) || !near(d.Idle, 0.1, 0.1) {
		t.Errorf("varied load: %+v, want 0.03 replica-seconds per request and 0.1 idle", d)
	}
	d = law(served(rising(60, 60, 12), []float64{4, 8, 12}, 0.03, 0.1, nil))
	if !near(d.PerRequest, 0.03, 0.03) || !near(d.Idle, 0.1, 0.1) {
		t.Errorf("varied replicas: %+v, want 0.03 replica-seconds per request and 0.1 idle", d)
	}
	d = law(served([]float64{60}, []float64{4}, 0.03, 0, nil))
	if !near(d.PerRequest, 0.03, 1e-12) || d.Idle != 0 {
		t.Errorf("without an idle share: %+v, want exactly 0.03", d)
	}
	steady := law(served(rising(60, 60, 12), []float64{4}, 0.03, 0.1, nil))
	if want := (0.1 + 0.03*60/4) * 4 / 60; !near(steady.PerRequest, want, 1e-12) || steady.Idle != 0 {
		t.Errorf("steady load: %+v, want the ratio %v of CPU and requests", steady, want)
	}
}

// TestDemandIsNearlyUnbiased measures what is left of the idle share's bias when
// telemetry is noisy, over many windows.
func TestDemandIsNearlyUnbiased(t *testing.T) {
	const perRequest, idle, rounds = 0.03, 0.12, 500
	tests := []struct {
		name      string
		loads     []float64
		low, high float64 // mean estimate ÷ truth
	}{
		{"load varies fourfold", rising(20, 80, 12), 0.98, 1.08},
		{"load doubles", rising(40, 80, 12), 0.98, 1.15},
		{"steady load: the ratio, idle share included", rising(60, 60, 12), 1.22, 1.32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			sum := 0.0
			for range rounds {
				sum += law(served(tt.loads, []float64{4}, perRequest, idle, rng)).PerRequest
			}
			if bias := sum / rounds / perRequest; bias < tt.low || bias > tt.high {
				t.Errorf("mean demand is %.3f of the true one, want between %v and %v", bias, tt.low, tt.high)
			}
		})
	}
}

func TestDemandIgnoresTheCPUOfStartingPods(t *testing.T) {
	s := served(rising(60, 60, 12), []float64{4}, 0.03, 0, nil)
	s.CPU[9], s.CPU[10] = 0.95, 0.9
	if d := law(s); !near(d.PerRequest, 0.03, 1e-9) {
		t.Errorf("demand %v per request after two outliers, want 0.03", d.PerRequest)
	}
}

func TestDemandFollowsARelease(t *testing.T) {
	s := served(rising(60, 60, 12), []float64{4}, 0.03, 0, nil)
	for step := 7; step < 12; step++ {
		s.CPU[step] *= 1.5
	}
	if d := law(s); !near(d.PerRequest, 0.045, 1e-9) {
		t.Errorf("demand %v per request five steps after a release, want 0.045", d.PerRequest)
	}
}

// TestOneOddStepDoesNotMakeAnIdleShare has a steady load and one step far from
// it with CPU out of proportion, as after a queue has drained.
func TestOneOddStepDoesNotMakeAnIdleShare(t *testing.T) {
	s := served([]float64{782, 819, 787, 821, 815, 769, 778, 799, 772, 840, 753}, []float64{38}, 0.012, 0, nil)
	s.Requests[0], s.CPU[0] = 1880, 0.352
	if d := law(s); d.Idle != 0 || !near(d.PerRequest, 0.012, 0.01) {
		t.Errorf("%+v, want no idle share and 0.012 per request", d)
	}
}

// TestNoiseInRequestsIsNoIdleShare has a steady load whose request rate is
// measured less exactly than CPU. A line through that is flat.
func TestNoiseInRequestsIsNoIdleShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		s := served(rising(60, 60, 12), []float64{4}, 0.03, 0, nil)
		for i := range s.Requests {
			s.Requests[i] *= 1 + 0.02*rng.NormFloat64()
			s.CPU[i] *= 1 + 0.002*rng.NormFloat64()
		}
		if d := law(s); d.Idle > 0.02 || !near(d.PerRequest, 0.03, 0.06) {
			t.Fatalf("%+v, want no idle share and 0.03 per request", d)
		}
	}
}

// TestDemandInTheFirstStepsOfALoad has CPU that lags behind requests, and a
// window that is idle for the most part.
func TestDemandInTheFirstStepsOfALoad(t *testing.T) {
	s := served(rising(60, 60, 12), []float64{4}, 0.03, 0, nil)
	s.Requests[11] = 6000
	if d := law(s); !near(d.PerRequest, 0.03, 1e-9) {
		t.Errorf("demand %v per request when CPU has not followed a burst yet, want 0.03", d.PerRequest)
	}
	s = served([]float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 80}, []float64{4}, 0.03, 0.02, nil)
	if d := law(s); !(d.PerRequest >= 0.03 && d.PerRequest < 0.032) {
		t.Errorf("demand %v per request after a load began, want about 0.03", d.PerRequest)
	}
}

package queueing

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// stationOf builds a station that follows the utilisation law.
func stationOf(loads, replicas []float64, perRequest, idle float64, noise *rand.Rand) *station {
	s := &station{Service: demand.Service{Step: 30}, arriving: len(loads) - 1, sized: len(loads) - 1}
	for i, x := range loads {
		n := replicas[i%len(replicas)]
		cpu := idle + perRequest*x/n
		if noise != nil {
			cpu *= 1 + 0.03*noise.NormFloat64()
			x *= 1 + 0.01*noise.NormFloat64()
		}
		s.Requests = append(s.Requests, x)
		s.CPU = append(s.CPU, cpu)
		s.Replicas = append(s.Replicas, n)
		s.Latency = append(s.Latency, missing)
	}
	return s
}

func ramp(from, to float64, steps int) []float64 {
	out := make([]float64, steps)
	for i := range out {
		out[i] = from + (to-from)*float64(i)/float64(steps-1)
	}
	return out
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }

func TestDemandFollowsTheUtilisationLaw(t *testing.T) {
	varied := ramp(20, 80, 12)
	d := fitWork(stationOf(varied, []float64{4}, 0.03, 0.1, nil))
	if !near(d.PerRequest, 0.03, 0.02) || !near(d.Idle, 0.1, 0.1) {
		t.Errorf("varied load: %+v, want 0.03 replica-seconds per request and 0.1 idle", d)
	}
	d = fitWork(stationOf(ramp(60, 60, 12), []float64{4, 8, 12}, 0.03, 0.1, nil))
	if !near(d.PerRequest, 0.03, 0.03) || !near(d.Idle, 0.1, 0.1) {
		t.Errorf("varied replicas: %+v, want 0.03 replica-seconds per request and 0.1 idle", d)
	}
	d = fitWork(stationOf([]float64{60}, []float64{4}, 0.03, 0, nil))
	if !near(d.PerRequest, 0.03, 1e-12) || d.Idle != 0 {
		t.Errorf("without an idle share: %+v, want exactly 0.03", d)
	}
	steady := fitWork(stationOf(ramp(60, 60, 12), []float64{4}, 0.03, 0.1, nil))
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
		{"load varies fourfold", ramp(20, 80, 12), 0.98, 1.08},
		{"load doubles", ramp(40, 80, 12), 0.98, 1.15},
		{"steady load: the ratio, idle share included", ramp(60, 60, 12), 1.22, 1.32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			sum := 0.0
			for range rounds {
				sum += fitWork(stationOf(tt.loads, []float64{4}, perRequest, idle, rng)).PerRequest
			}
			if bias := sum / rounds / perRequest; bias < tt.low || bias > tt.high {
				t.Errorf("mean demand is %.3f of the true one, want between %v and %v", bias, tt.low, tt.high)
			}
		})
	}
}

func TestDemandIgnoresTheCPUOfStartingPods(t *testing.T) {
	s := stationOf(ramp(60, 60, 12), []float64{4}, 0.03, 0, nil)
	s.CPU[9], s.CPU[10] = 0.95, 0.9
	if d := fitWork(s); !near(d.PerRequest, 0.03, 1e-9) {
		t.Errorf("demand %v per request after two outliers, want 0.03", d.PerRequest)
	}
}

func TestDemandFollowsARelease(t *testing.T) {
	s := stationOf(ramp(60, 60, 12), []float64{4}, 0.03, 0, nil)
	for step := 7; step < 12; step++ {
		s.CPU[step] *= 1.5
	}
	if d := fitWork(s); !near(d.PerRequest, 0.045, 1e-9) {
		t.Errorf("demand %v per request five steps after a release, want 0.045", d.PerRequest)
	}
}

func TestReplicasReachTheTarget(t *testing.T) {
	d := work{Law: demand.Law{PerRequest: 0.03, Idle: 0.1}}
	n := d.replicas(1000, 0.7, 0)
	if got := d.Idle + d.PerRequest*1000/n; !near(got, 0.7, 1e-12) {
		t.Errorf("%v replicas are %v busy, want 0.7", n, got)
	}
	small := work{Law: demand.Law{PerRequest: 0.01}}
	if got, want := small.replicas(50, 0.8, 1), 0.5+math.Sqrt(0.5); !near(got, want, 1e-12) {
		t.Errorf("%v replicas with one deviation of headroom, want %v", got, want)
	}
}

func TestAHighIdleShareLeavesHalfOfALowTarget(t *testing.T) {
	d := work{Law: demand.Law{PerRequest: 0.03, Idle: 0.25}}
	if got, want := d.replicas(100, 0.3, 0), 3/0.15; !near(got, want, 1e-12) {
		t.Errorf("%v replicas, want %v", got, want)
	}
}

// TestOneOddStepDoesNotMakeAnIdleShare has a steady load and one step far from
// it with CPU out of proportion, as after a queue has drained.
func TestOneOddStepDoesNotMakeAnIdleShare(t *testing.T) {
	s := stationOf([]float64{782, 819, 787, 821, 815, 769, 778, 799, 772, 840, 753}, []float64{38}, 0.012, 0, nil)
	s.Requests[0], s.CPU[0] = 1880, 0.352
	if d := fitWork(s); d.Idle != 0 || !near(d.PerRequest, 0.012, 0.01) {
		t.Errorf("%+v, want no idle share and 0.012 per request", d)
	}
}

// TestNoiseInRequestsIsNoIdleShare has a steady load whose request rate is
// measured less exactly than CPU. A line through that is flat.
func TestNoiseInRequestsIsNoIdleShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		s := stationOf(ramp(60, 60, 12), []float64{4}, 0.03, 0, nil)
		for i := range s.Requests {
			s.Requests[i] *= 1 + 0.02*rng.NormFloat64()
			s.CPU[i] *= 1 + 0.002*rng.NormFloat64()
		}
		if d := fitWork(s); d.Idle > 0.02 || !near(d.PerRequest, 0.03, 0.06) {
			t.Fatalf("%+v, want no idle share and 0.03 per request", d)
		}
	}
}

func TestServiceWithoutRequestsKeepsWhatItsOwnWorkNeeds(t *testing.T) {
	d := fitWork(stationOf(ramp(0, 0, 12), []float64{3}, 0, 0.4, nil))
	if got, want := d.replicas(0, 0.6, 0.5), 3*0.4/0.6; !near(got, want, 1e-12) {
		t.Errorf("%v replicas for three that are 0.4 busy, want %v", got, want)
	}
}

// TestDemandInTheFirstStepsOfALoad has CPU that lags behind requests, and a
// window that is idle for the most part.
func TestDemandInTheFirstStepsOfALoad(t *testing.T) {
	s := stationOf(ramp(60, 60, 12), []float64{4}, 0.03, 0, nil)
	s.Requests[11] = 6000
	if d := fitWork(s); !near(d.PerRequest, 0.03, 1e-9) {
		t.Errorf("demand %v per request when CPU has not followed a burst yet, want 0.03", d.PerRequest)
	}
	s = stationOf([]float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 80}, []float64{4}, 0.03, 0.02, nil)
	if d := fitWork(s); !(d.PerRequest >= 0.03 && d.PerRequest < 0.032) {
		t.Errorf("demand %v per request after a load began, want about 0.03", d.PerRequest)
	}
}

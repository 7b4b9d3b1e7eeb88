package queueing

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// stationOf builds a station that follows the utilisation law.
func stationOf(loads, replicas []float64, perRequest, idle float64) *station {
	s := &station{Service: demand.Service{Step: 30}, arriving: len(loads) - 1, sized: len(loads) - 1}
	for i, x := range loads {
		n := replicas[i%len(replicas)]
		s.Requests = append(s.Requests, x)
		s.CPU = append(s.CPU, idle+perRequest*x/n)
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

func TestServiceWithoutRequestsKeepsWhatItsOwnWorkNeeds(t *testing.T) {
	d := fitWork(stationOf(ramp(0, 0, 12), []float64{3}, 0, 0.4))
	if got, want := d.replicas(0, 0.6, 0.5), 3*0.4/0.6; !near(got, want, 1e-12) {
		t.Errorf("%v replicas for three that are 0.4 busy, want %v", got, want)
	}
}

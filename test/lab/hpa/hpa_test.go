package hpa

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

type spec = autoscalingv2.HorizontalPodAutoscalerSpec

// external is the autoscaler of an external metric with a target per pod.
func external(least, most int32, average string, behavior *autoscalingv2.HorizontalPodAutoscalerBehavior) *spec {
	quantity := resource.MustParse(average)
	return Complete(&spec{
		MinReplicas: &least, MaxReplicas: most, Behavior: behavior,
		Metrics: []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ExternalMetricSourceType,
			External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: "requests"},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity},
			},
		}},
	})
}

func value(v float64) []Reading { return []Reading{{Value: v}} }

// pods are old ready ones which use so many cores each of half a core requested.
func pods(cpu ...float64) Observation {
	seen := Observation{Replicas: len(cpu), StatusReplicas: len(cpu), Metrics: []Reading{{}}}
	for _, v := range cpu {
		seen.Pods = append(seen.Pods, Pod{Ready: true, Started: start.Add(-time.Hour), ReadySince: start.Add(-time.Hour), Request: 0.5})
		seen.Metrics[0].Pods = append(seen.Metrics[0].Pods, Sample{Value: v, At: start, Window: 15 * time.Second})
	}
	return seen
}

func TestProposals(t *testing.T) {
	missing := math.NaN()
	unready := func(o Observation, of ...int) Observation {
		for _, i := range of {
			o.Pods[i].Ready, o.Pods[i].Started, o.Pods[i].ReadySince = false, start.Add(-time.Minute), start.Add(-time.Minute)
		}
		return o
	}
	for name, c := range map[string]struct {
		spec *spec
		seen Observation
		want int
	}{
		"external, average":                               {external(1, 20, "10", nil), Observation{Replicas: 4, StatusReplicas: 4, Metrics: value(61)}, 7},
		"external, within the tolerance":                  {external(1, 20, "10", nil), Observation{Replicas: 4, StatusReplicas: 4, Metrics: value(43)}, 4},
		"external, existing pods count, not wanted":       {external(1, 20, "10", nil), Observation{Replicas: 4, StatusReplicas: 3, Metrics: value(30)}, 3},
		"external, cannot be read":                        {external(1, 20, "10", nil), Observation{Replicas: 4, StatusReplicas: 4, Metrics: value(missing)}, -1},
		"cpu":                                             {CPU(1, 20, 50), pods(0.4, 0.4), 4},
		"cpu, counted in whole percents":                  {CPU(1, 20, 50), pods(0.279, 0.279), 2},
		"cpu, a missing pod is idle when scaling out":     {CPU(1, 20, 50), pods(0.5, 0.5, missing), 4},
		"cpu, a missing pod uses all when scaling in":     {CPU(1, 20, 50), pods(0.05, 0.05, missing), 3},
		"cpu, of a missing pod the direction is kept":     {CPU(1, 20, 50), pods(0.3, missing, missing), 3},
		"cpu, an unready pod is idle when scaling out":    {CPU(1, 20, 50), unready(pods(0.5, 0.5, 0.5), 2), 4},
		"cpu, an unready pod is left out when scaling in": {CPU(1, 20, 50), unready(pods(0.05, 0.05, 0.5), 2), 1},
		"cpu, no pod has been measured":                   {CPU(1, 20, 50), pods(missing, missing), -1},
		"cpu, all pods start":                             {CPU(1, 20, 50), unready(pods(0.5), 0), -1},
		"cpu, no pods":                                    {CPU(1, 20, 50), Observation{Replicas: 1, Metrics: []Reading{{}}}, -1},
		"no reading":                                      {CPU(1, 20, 50), Observation{Replicas: 1}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			if err := CheckSpec(c.spec); err != nil {
				t.Fatal(err)
			}
			d, _ := Defaults().Decide(start, State{}, c.spec, c.seen)
			if d.Proposed != c.want || (d.Err != nil) != (c.want < 0) {
				t.Errorf("the metrics propose %d (%v), want %d", d.Proposed, d.Err, c.want)
			}
			if c.want < 0 && d.Replicas != c.seen.Replicas {
				t.Errorf("%d replicas without a metric, want %d as before", d.Replicas, c.seen.Replicas)
			}
		})
	}
}

// Of several metrics the highest counts; one that fails forbids a scale-in only.
func TestSeveralMetrics(t *testing.T) {
	both := external(1, 20, "1", nil)
	both.Metrics = append(both.Metrics, both.Metrics[0])
	for _, c := range []struct {
		first, second float64
		want          int
		fails         bool
	}{
		{3, 7, 7, false}, {7, 3, 7, false},
		{math.NaN(), 7, 7, true}, {2, math.NaN(), 4, true}, {math.NaN(), math.NaN(), 4, true},
	} {
		d, _ := Defaults().Decide(start, State{}, both, Observation{Replicas: 4, StatusReplicas: 4, Metrics: []Reading{{Value: c.first}, {Value: c.second}}})
		if d.Replicas != c.want || (d.Err != nil) != c.fails {
			t.Errorf("%v and %v: %d replicas (%v), want %d", c.first, c.second, d.Replicas, d.Err, c.want)
		}
	}
}

// follow returns the replicas after each sync with as many pods as wanted.
func follow(c Controller, s *spec, replicas int, values ...float64) []int {
	var all []int
	var state State
	for i, v := range values {
		var d Decision
		seen := Observation{Replicas: replicas, StatusReplicas: replicas, Metrics: value(v)}
		d, state = c.Decide(start.Add(time.Duration(i)*c.SyncPeriod), state, s, seen)
		replicas = d.Replicas
		all = append(all, replicas)
	}
	return all
}

func TestLimits(t *testing.T) {
	const minChange, disabled = autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect
	behavior := func(up, down *autoscalingv2.HPAScalingRules) *autoscalingv2.HorizontalPodAutoscalerBehavior {
		return &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: up, ScaleDown: down}
	}
	window := func(seconds int32) *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &seconds}
	}
	policies := func(choice autoscalingv2.ScalingPolicySelect, p ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
		return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(0)), SelectPolicy: &choice, Policies: p}
	}
	two := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 2, PeriodSeconds: 29}
	half := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 50, PeriodSeconds: 14}
	repeat := func(v float64, n int) []float64 {
		var all []float64
		for range n {
			all = append(all, v)
		}
		return all
	}
	for name, c := range map[string]struct {
		spec     *spec
		replicas int
		values   []float64
		want     []int
	}{
		"out at most doubles, or four":     {external(1, 50, "1", nil), 1, repeat(40, 5), []int{4, 8, 16, 32, 40}},
		"out up to the maximum":            {external(1, 5, "1", nil), 1, repeat(40, 3), []int{4, 5, 5}},
		"in down to the minimum":           {external(3, 5, "1", behavior(nil, window(0))), 5, repeat(1, 2), []int{3, 3}},
		"below the minimum at once":        {external(3, 5, "1", nil), 1, repeat(9, 2), []int{3, 5}},
		"above the maximum at once":        {external(1, 5, "1", nil), 9, repeat(9, 1), []int{5}},
		"a dip does not scale in":          {external(1, 50, "1", nil), 8, []float64{8, 2, 2, 8, 9}, []int{8, 8, 8, 8, 9}},
		"in after the window":              {external(1, 50, "1", behavior(nil, window(29))), 8, []float64{8, 2, 2, 2}, []int{8, 8, 2, 2}},
		"out after the window":             {external(1, 50, "1", behavior(window(29), nil)), 2, []float64{2, 8, 6, 9}, []int{2, 2, 6, 6}},
		"two pods in 29 s":                 {external(1, 50, "1", behavior(policies(minChange, two), nil)), 2, repeat(20, 5), []int{4, 4, 6, 6, 8}},
		"the smaller of two policies":      {external(1, 50, "1", behavior(policies(minChange, two, half), nil)), 2, repeat(20, 3), []int{3, 4, 5}},
		"in by half, cut":                  {external(1, 50, "1", behavior(nil, policies(minChange, half))), 9, repeat(1, 4), []int{4, 2, 1, 1}},
		"in disabled":                      {external(1, 50, "1", behavior(nil, policies(disabled))), 9, repeat(1, 2), []int{9, 9}},
		"no tolerance":                     {external(1, 50, "1", behavior(&autoscalingv2.HPAScalingRules{Tolerance: new(resource.MustParse("0"))}, nil)), 20, repeat(21, 1), []int{21}},
		"to zero and back":                 {external(0, 5, "1", behavior(nil, window(0))), 2, []float64{0, 0, 3}, []int{0, 0, 3}},
		"switched off by somebody":         {external(0, 5, "1", nil), 0, repeat(3, 1), []int{0}},
		"switched off with a minimum of 1": {external(1, 5, "1", nil), 0, repeat(3, 1), []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, follow(Defaults(), c.spec, c.replicas, c.values...)); diff != "" {
				t.Errorf("replicas (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever it sees, the controller stays within bounds and does not change the state
// that it was given.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := external(int32(1+r.IntN(3)), int32(4+r.IntN(20)), "1", nil)
		if r.IntN(2) == 0 {
			s.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(r.IntN(60)))}}
			s = Complete(s)
		}
		var state State
		replicas := 1 + r.IntN(30)
		for i := range 50 {
			now := start.Add(time.Duration(i) * 15 * time.Second)
			seen := Observation{Replicas: replicas, StatusReplicas: max(1, replicas-r.IntN(3)), Metrics: value(30 * r.Float64())}
			d, next := Defaults().Decide(now, state, s, seen)
			again, _ := Defaults().Decide(now, state, s, seen)
			if d.Replicas != again.Replicas {
				t.Fatalf("the same state and observation give %d and %d replicas", d.Replicas, again.Replicas)
			}
			if d.Replicas < int(*s.MinReplicas) || d.Replicas > int(s.MaxReplicas) {
				t.Fatalf("%d replicas, want %d to %d", d.Replicas, *s.MinReplicas, s.MaxReplicas)
			}
			replicas, state = d.Replicas, next
		}
	}
}

func TestCheckSpecRefuses(t *testing.T) {
	for name, change := range map[string]func(*spec){
		"no minimum":       func(s *spec) { s.MinReplicas = nil },
		"bounds":           func(s *spec) { s.MaxReplicas = 1 },
		"zero on cpu":      func(s *spec) { s.MinReplicas = new(int32(0)); s.Metrics = CPU(1, 2, 50).Metrics },
		"no metric":        func(s *spec) { s.Metrics = nil },
		"container metric": func(s *spec) { s.Metrics[0].Type = autoscalingv2.ContainerResourceMetricSourceType },
		"no target":        func(s *spec) { s.Metrics[0].External.Target.AverageValue = nil },
		"target of 0":      func(s *spec) { s.Metrics[0].External.Target.AverageValue = new(resource.MustParse("0")) },
		"utilisation of an external metric": func(s *spec) {
			s.Metrics[0].External.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(50))}
		},
		"half a behavior": func(s *spec) { s.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{} },
	} {
		s := external(2, 5, "1", nil)
		change(s)
		if CheckSpec(s) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

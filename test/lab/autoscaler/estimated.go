package autoscaler

import (
	"context"
	"errors"
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/test/lab/hpa"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

type bounds = plan.Bounds

// estimated is DeepScaler around an estimator: window, estimate, plan, and HPAs that
// follow the external metric with the behavior of manifests/examples.
type estimated struct {
	stock

	estimator estimator.Estimator
	keep      *queueing.Analytic // nil leaves it to the HPAs
	keeper    queueing.Keeper
	steps     int // of a window; 0 is as many as the loop has
	plan      plan.Config
	planned   []float64 // replicas by service, NaN when not known
	estimates []loop.Estimate
}

// stabilization is the one of scaling in of manifests/examples, in seconds, where DeepScaler
// holds, and unheld the default, where it does not.
const stabilization, unheld = 15, int32(plan.Stabilization / time.Second)

// newEstimated returns DeepScaler that holds replicas by queueing theory, or nothing if that
// is nil.
func newEstimated(e estimator.Estimator, keep *queueing.Analytic, c *loop.Config) *estimated {
	a := &estimated{estimator: e, keep: keep, plan: plan.DefaultConfig()}
	a.plan.LeadTime, a.plan.Hold = c.LeadTime(), c.Hold
	window := unheld
	if keep != nil {
		window = stabilization
	}
	a.stock = stock{controller: hpa.Defaults(), spec: external(c.Bounds, resource.MustParse("1"), window), read: a.published}
	return a
}

// external returns the HPA of manifests/examples with a target per replica and a
// stabilisation window in seconds.
func external(b bounds, average resource.Quantity, hold int32) *autoscalingv2.HorizontalPodAutoscalerSpec {
	least, none := int32(b.Min), int32(0)
	zero := resource.MustParse("0")
	return hpa.Complete(&autoscalingv2.HorizontalPodAutoscalerSpec{
		MinReplicas: &least, MaxReplicas: int32(b.Max),
		Metrics: []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ExternalMetricSourceType,
			External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: "deepscaler_desired_replicas"},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &average},
			},
		}},
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp: &autoscalingv2.HPAScalingRules{
				Tolerance: &zero, StabilizationWindowSeconds: &none,
				Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 100, PeriodSeconds: 15}},
			},
			ScaleDown: &autoscalingv2.HPAScalingRules{Tolerance: &zero, StabilizationWindowSeconds: &hold},
		},
	})
}

func (a *estimated) published(_ *loop.Cluster, service int, _ []loop.Pod) []hpa.Reading {
	if a.planned == nil {
		return []hpa.Reading{{Value: math.NaN()}}
	}
	return []hpa.Reading{{Value: a.planned[service]}}
}

// Tick implements [loop.Autoscaler].
func (a *estimated) Tick(c *loop.Cluster) error {
	services := len(c.Application().Services)
	a.planned = make([]float64, services)
	for i := range a.planned {
		a.planned[i] = math.NaN()
	}
	w := c.Window()
	if a.steps > 0 {
		w = c.Last(a.steps)
	}
	f, err := a.estimator.Estimate(context.Background(), w)
	if errors.Is(err, estimator.ErrInsufficientData) {
		return nil
	}
	if err != nil {
		return err
	}
	limits, pods := make(map[estimator.Service]plan.Bounds, services), make(map[estimator.Service]int, services)
	for i := range services {
		s := w.Services[c.Row(i)]
		limits[s] = c.Bounds()
		for _, p := range c.Pods(i) {
			if !p.Ending {
				pods[s]++
			}
		}
	}
	seen := plan.Observed{Window: w, Pods: pods}
	if a.keep != nil {
		if seen.Held, err = a.keeper.Held(context.Background(), a.keep, w, a.hold(w)); err != nil {
			return err
		}
	}
	made, err := plan.Make(a.plan, f, limits, seen, c.Time())
	if err != nil {
		return err
	}
	last := min(plan.Steps(a.plan.LeadTime, w.Step), f.Horizon) - 1
	e := loop.Estimate{For: w.End.Add(time.Duration(last+1) * w.Step).Sub(c.Time().Add(-c.Now()))}
	for i := range services {
		service := w.Services[c.Row(i)]
		e.Replicas = append(e.Replicas, f.At(c.Row(i), last))
		if n, err := made.Replicas(service); err == nil {
			a.planned[i] = float64(n)
		}
	}
	a.estimates = append(a.estimates, e)
	return nil
}

// hold returns for how many steps each service keeps replicas.
func (a *estimated) hold(w *estimator.Window) []int {
	steps := make([]int, len(w.Services))
	for n := range steps {
		steps[n] = int(max(0, a.plan.Hold-stabilization*time.Second) / w.Step)
	}
	return steps
}

// Estimates implements [loop.Estimating].
func (a *estimated) Estimates() []loop.Estimate { return a.estimates }

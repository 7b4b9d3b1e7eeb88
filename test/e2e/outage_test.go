package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/test/stack"
)

// With Prometheus gone the metric is an error, not a number: HPAs hold although the load
// that brought them here is gone, and go on when Prometheus is back.
func TestPrometheusOutage(t *testing.T) {
	s := start(t, 100, 8)
	s.settled(t, 5)
	s.losesPrometheus(t)
	held, err := s.asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetLoad(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if err := stack.Always(t.Context(), 2*scaleIn, s.holds(held)); err != nil {
		t.Errorf("during the outage: %v", err)
	}

	if err := s.Prometheus.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "HPAs scale in after the outage", func(ctx context.Context) error {
		asked, err := s.asked(ctx)
		if err != nil {
			return err
		}
		if asked["front"] >= held["front"] {
			return fmt.Errorf("front is still scaled to %d", asked["front"])
		}
		return nil
	})
}

// losesPrometheus stops Prometheus, and returns when every HPA has acted on the metric being
// an error, so that none of them still acts on a number.
func (s *site) losesPrometheus(t *testing.T) {
	t.Helper()
	if err := s.Prometheus.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the metric is an error and every HPA says so", func(ctx context.Context) error {
		for _, service := range s.Services {
			if n, err := s.desired(ctx, service); err == nil {
				return fmt.Errorf("the metric of %s still says %d", service, n)
			}
			if err := s.fails(ctx, service); err != nil {
				return err
			}
		}
		return nil
	})
}

// scaledTo waits until the HPAs have scaled every Deployment to a count.
func (s *site) scaledTo(t *testing.T, want map[string]int32) {
	t.Helper()
	eventually(t, fmt.Sprint("the Deployments are scaled to ", want), s.holds(want))
}

// holds checks that every Deployment is scaled to what it was.
func (s *site) holds(held map[string]int32) func(context.Context) error {
	return func(ctx context.Context) error {
		asked, err := s.asked(ctx)
		if err == nil {
			if diff := cmp.Diff(held, asked); diff != "" {
				err = fmt.Errorf("scaled (-want +got):\n%s", diff)
			}
		}
		return err
	}
}

// Without an adapter HPAs hold, and nothing scales in while one starts again.
func TestAdapterRestart(t *testing.T) {
	s := stage(t, staging{minReplicas: 1})
	s.reaches(t, 4)
	held := map[string]int32{s.service.Name: 4, s.other.Name: 4}
	s.scaledTo(t, held)
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- stack.Always(ctx, time.Hour, s.holds(held)) }()

	if err := s.adapter.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the HPA controller notices", func(ctx context.Context) error {
		return s.fails(ctx, s.service.Name)
	})
	if err := s.adapter.Start(deadline(t)); err != nil {
		t.Fatal(err)
	}
	s.reaches(t, 4)
	cancel()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		t.Errorf("while the adapter was away: %v", err)
	}
	// It was the metric that was followed: with another one the HPA scales in.
	s.set(quiet)
	s.reaches(t, 1)
}

// fails checks that the HPA of a service has acted on a metric that is an error.
func (s *site) fails(ctx context.Context, service string) error {
	hpa, err := s.hpa(ctx, service)
	if err != nil {
		return err
	}
	if got := condition(hpa, autoscalingv2.ScalingActive); got != "False FailedGetExternalMetric" {
		return fmt.Errorf("ScalingActive of %s is %s", service, got)
	}
	return nil
}

// Two replicas of the adapter that see the same Prometheus plan the same numbers for the
// same step, while the load goes up and down.
func TestAdapterReplicasAgree(t *testing.T) {
	moving := busy
	moving.swing = 0.5
	s := stage(t, staging{minReplicas: 1, present: &moving})
	second, err := s.adapter.Replica(deadline(t), "adapter-second-"+s.Namespace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, second.Stop) })

	plans := [2]map[time.Time]map[string]int{{}, {}}
	readers := [2]*explain.Client{explainer(t, s.adapter), explainer(t, second)}
	numbers := map[int]bool{}
	eventually(t, "both have planned ten steps, with several numbers", func(ctx context.Context) error {
		for i, reader := range readers {
			step, plan, err := planned(ctx, reader, s.Namespace)
			if err != nil {
				return err
			}
			plans[i][step] = plan
		}
		common := 0
		for step, plan := range plans[0] {
			if other, ok := plans[1][step]; ok {
				common++
				numbers[plan[s.service.Name]] = true
				if diff := cmp.Diff(plan, other); diff != "" {
					t.Fatalf("the replicas differ in their plans for the step after %v:\n%s", step, diff)
				}
			}
		}
		if common < 10 || len(numbers) < 3 {
			return fmt.Errorf("%d steps of both, with the numbers %v", common, numbers)
		}
		return nil
	})
}

// explainer reads explanations from one replica of the adapter.
func explainer(t *testing.T, a *stack.Adapter) *explain.Client {
	t.Helper()
	c, err := explain.NewClient(a.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// planned returns the end of the step after which the present plan was made, and the
// replicas of every service in it.
func planned(ctx context.Context, c *explain.Client, namespace string) (time.Time, map[string]int, error) {
	d, err := c.Describe(ctx, explain.Query{Namespace: namespace, Full: true})
	if err != nil {
		return time.Time{}, nil, err
	}
	end, plan := time.Time{}, map[string]int{}
	for _, s := range d.Services {
		if s.Desired == nil || s.Detail == nil || len(s.Detail.Horizon) == 0 {
			return time.Time{}, nil, fmt.Errorf("%s has no plan: %s", s.Name, s.Problem)
		}
		at := s.Detail.Horizon[0].At.Add(-time.Duration(d.Step))
		if !end.IsZero() && !at.Equal(end) {
			return time.Time{}, nil, fmt.Errorf("one answer has plans for the steps after %v and %v", end, at)
		}
		end, plan[s.Name] = at, *s.Desired
	}
	return end, plan, nil
}

// A second metric that fails blocks scale-in but not scale-out, as Kubernetes
// documents for HPAs with several metrics: the way to keep a CPU metric beside ours.
func TestHPAWithFailingSecondMetric(t *testing.T) {
	// There is no metrics server in this cluster, so the CPU metric fails.
	s := stage(t, staging{minReplicas: 1, autoscaler: func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
		utilisation := int32(80)
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name:   "cpu",
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &utilisation},
			},
		})
	}})
	s.scaledTo(t, map[string]int32{s.service.Name: 4, s.other.Name: 4})
	s.set(busy)
	var high int32
	eventually(t, "the service scales out", func(ctx context.Context) error {
		d, err := s.deployment(ctx)
		if err != nil {
			return err
		}
		high = *d.Spec.Replicas
		if n, err := s.desired(ctx, s.service.Name); err != nil || int64(high) != n || n < 8 {
			return errors.Join(err, fmt.Errorf("scaled to %d, the metric is %d", high, n))
		}
		return nil
	})

	s.set(quiet)
	s.others.Store(&quiet)
	// The other service, without a second metric, scales in.
	s.scaledTo(t, map[string]int32{s.service.Name: high, s.other.Name: 1})
	s.keeps(t, high)
}

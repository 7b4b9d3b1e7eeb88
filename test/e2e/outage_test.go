package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/test/stack"
)

// With Prometheus gone the metric is an error, not a number: HPAs hold although the load
// that brought them here is gone, and go on when Prometheus is back.
func TestPrometheusOutage(t *testing.T) {
	s := start(t, 100)
	s.settled(t, 5)
	held, err := s.Asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if err := s.Prometheus.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the metric is an error and the HPA says so", func(ctx context.Context) error {
		if n, err := s.desired(ctx, "front"); err == nil {
			return fmt.Errorf("the metric still says %d", n)
		}
		hpa, err := s.hpa(ctx, "front")
		if err != nil {
			return err
		}
		if got := condition(hpa, autoscalingv2.ScalingActive); got != "False FailedGetExternalMetric" {
			return fmt.Errorf("ScalingActive is %s", got)
		}
		return nil
	})
	if err := s.SetLoad(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if err := stack.Always(t.Context(), 2*scaleIn, s.atLeast(held)); err != nil {
		t.Errorf("during the outage: %v", err)
	}

	if err := s.Prometheus.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "HPAs scale in after the outage", func(ctx context.Context) error {
		asked, err := s.Asked(ctx)
		if err != nil {
			return err
		}
		if asked["front"] >= held["front"] {
			return fmt.Errorf("front is still scaled to %d", asked["front"])
		}
		return nil
	})
}

// A Prometheus that accepts queries and never answers must not hold up a read
// of the metric: readers get the last plan at once, and then the reason why there is
// none.
func TestHungPrometheusDoesNotDelayReads(t *testing.T) {
	s := start(t, 30)
	s.settled(t, 2)
	if err := s.Prometheus.Pause(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Prometheus.Resume(); err != nil {
			t.Error(err)
		}
	})
	values, failures := 0, 0
	eventually(t, "readers get the reason", func(ctx context.Context) error {
		// One step is far more than a read takes and less than a query may hang.
		ctx, cancel := context.WithTimeout(ctx, step)
		defer cancel()
		n, err := s.desired(ctx, "front")
		switch {
		case err == nil && n >= 1:
			values++
			if failures > 0 {
				t.Fatalf("the metric says %d although Prometheus still hangs", n)
			}
		case apierrors.IsServiceUnavailable(err) && strings.Contains(err.Error(), "has no plan: "):
			failures++
		default:
			t.Fatalf("read %d, %v, want the last plan or the adapter's own error", n, err)
		}
		if failures < 5 {
			return fmt.Errorf("%d reads with a value, %d with the reason", values, failures)
		}
		return nil
	})
	if values == 0 {
		t.Error("the last plan was not served until it was two steps old")
	}
}

// Without an adapter HPAs hold, and nothing scales in while one starts again.
func TestAdapterRestart(t *testing.T) {
	s := start(t, 100)
	s.settled(t, 5)
	held, err := s.Asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- stack.Always(ctx, patience, s.atLeast(held)) }()

	if err := s.adapter.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the HPA controller notices", func(ctx context.Context) error {
		hpa, err := s.hpa(ctx, "front")
		if err != nil {
			return err
		}
		if got := condition(hpa, autoscalingv2.ScalingActive); !strings.HasPrefix(got, "False") {
			return fmt.Errorf("ScalingActive is %s", got)
		}
		return nil
	})
	if err := s.adapter.Start(deadline(t)); err != nil {
		t.Fatal(err)
	}
	s.settled(t, 5)
	cancel()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		t.Errorf("while the adapter was away: %v", err)
	}
}

// atLeast checks that no Deployment was scaled in, but for what noise in a constant load
// explains: one replica, or a fifth of many. Without load or metric it would be more.
func (s *site) atLeast(held map[string]int32) func(context.Context) error {
	return func(ctx context.Context) error {
		asked, err := s.Asked(ctx)
		if err != nil {
			return err
		}
		for service, n := range held {
			if asked[service] < n-max(1, n/5) {
				return fmt.Errorf("%s was scaled in from %d to %d", service, n, asked[service])
			}
		}
		return nil
	}
}

// Two replicas of the adapter that see the same Prometheus publish the same
// numbers for the same tick.
func TestAdapterReplicasAgree(t *testing.T) {
	s := start(t, 60)
	s.settled(t, 3)
	second, err := s.adapter.Replica(deadline(t), "adapter-second")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, second.Stop) })

	// The load rises, so that the numbers move while they are compared.
	if err := s.SetLoad(t.Context(), 150); err != nil {
		t.Fatal(err)
	}
	plans := [2]map[string]int64{{}, {}}
	clients := [2]rest.Interface{as(t, s.adapter.RESTConfig()), as(t, second.RESTConfig())}
	eventually(t, "both have published ten plans of the same ticks", func(ctx context.Context) error {
		for i, client := range clients {
			list, err := stack.DesiredReplicas(ctx, client, s.Namespace, "")
			if err != nil {
				return err
			}
			for _, item := range list.Items {
				tick := item.Timestamp.Time.Truncate(step).Format(time.TimeOnly)
				plans[i][tick+" "+item.MetricLabels["service"]] = item.Value.Value()
			}
		}
		common := 0
		for key, n := range plans[0] {
			if m, ok := plans[1][key]; ok {
				common++
				if n != m {
					t.Fatalf("%s: one replica says %d, the other %d", key, n, m)
				}
			}
		}
		if common < 10*len(s.Services) {
			return fmt.Errorf("%d numbers compared", common)
		}
		return nil
	})
}

// A second metric that fails blocks scale-in but not scale-out, as Kubernetes
// documents for HPAs with several metrics: the way to keep a CPU metric beside ours.
func TestHPAWithFailingSecondMetric(t *testing.T) {
	s := start(t, 30)
	s.settled(t, 2)
	hpa, err := s.hpa(t.Context(), "front")
	if err != nil {
		t.Fatal(err)
	}
	// There is no metrics server in this cluster, so the CPU metric fails.
	utilisation := int32(80)
	hpa.Spec.Metrics = append(hpa.Spec.Metrics, autoscalingv2.MetricSpec{
		Type: autoscalingv2.ResourceMetricSourceType,
		Resource: &autoscalingv2.ResourceMetricSource{
			Name:   "cpu",
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &utilisation},
		},
	})
	if _, err := shared.Client.AutoscalingV2().HorizontalPodAutoscalers(s.Namespace).Update(t.Context(), hpa, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}

	if err := s.SetLoad(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	eventually(t, "front scales out", func(ctx context.Context) error { return s.follows(ctx, "front", 5) })
	high, err := s.Asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetLoad(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	eventually(t, "middle, without a second metric, scales in", func(ctx context.Context) error {
		asked, err := s.Asked(ctx)
		if err != nil {
			return err
		}
		if asked["middle"] >= high["middle"] {
			return fmt.Errorf("middle is still scaled to %d", asked["middle"])
		}
		return nil
	})
	if err := stack.Always(t.Context(), 2*scaleIn, func(ctx context.Context) error {
		asked, err := s.Asked(ctx)
		if err == nil && asked["front"] < high["front"] {
			err = fmt.Errorf("front was scaled in from %d to %d", high["front"], asked["front"])
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

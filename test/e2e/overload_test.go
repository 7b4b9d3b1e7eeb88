package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/test/stack"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/manifest"
)

// scene is a service whose telemetry is scripted, under a stock HPA.
type scene struct {
	*site
	*scripted
}

// staging is what differs between scenes.
type staging struct {
	minReplicas int32
	// present is the telemetry at the start, steady if nil; the service has its replicas.
	present *script
	// workload creates the service, a Deployment if nil.
	workload func(ctx context.Context, plane *stack.Stack, like *appsv1.Deployment) error
	// autoscaler changes the HPA of the service before it is created.
	autoscaler func(*autoscalingv2.HorizontalPodAutoscaler)
	// keda leaves the HPA of the service, and the external metrics API, to KEDA.
	keda bool
}

// stage deploys a service under an HPA.
func stage(t *testing.T, o staging) *scene {
	t.Helper()
	t.Parallel()
	plane := shared.take(t)
	ctx, namespace := deadline(t), strings.ToLower(t.Name())
	namespaces := plane.Client.CoreV1().Namespaces()
	if _, err := namespaces.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stopped(t, func(ctx context.Context) error { return namespaces.Delete(ctx, namespace, metav1.DeleteOptions{}) })
	})
	chain, err := app.Load("testdata/chain.yaml")
	if err != nil {
		t.Fatal(err)
	}
	present := cmp.Or(o.present, &steady)
	deploy := func(ctx context.Context, plane *stack.Stack, d *appsv1.Deployment) error {
		_, err := plane.Client.AppsV1().Deployments(namespace).Create(ctx, d, metav1.CreateOptions{})
		return err
	}
	prometheus := newScripted(t, estimator.Service{Namespace: namespace, Name: chain.Services[0].Name}, *present)
	for i, d := range manifest.Deployments(chain, namespace)[:2] {
		hpa, workload := stack.HPA(namespace, d.Name, 1, 20, scaleIn), deploy
		if i == 0 {
			d.Spec.Replicas, hpa.Spec.MinReplicas = new(int32(present.replicas)), &o.minReplicas
			if o.workload != nil {
				workload = o.workload
			}
			if o.autoscaler != nil {
				o.autoscaler(hpa)
			}
		} else {
			prometheus.other.Name = d.Name
			hpa.Spec.Metrics = []autoscalingv2.MetricSpec{stack.ObjectMetric(hpa.Spec.ScaleTargetRef)}
		}
		if err := workload(ctx, plane, d); err != nil {
			t.Fatal(err)
		}
		if i > 0 || !o.keda {
			create(t, plane, hpa)
		}
	}
	overlay := "overlays/both-apis"
	if o.keda {
		overlay = "overlays/keda"
	}
	adapter, err := plane.StartAdapter(ctx, stack.AdapterOptions{
		Name:       "adapter-" + namespace,
		Manifests:  overlay,
		KEDA:       o.keda,
		Prometheus: prometheus.url,
		Queries:    prometheus.queries(),
		Step:       step,
		Window:     12,
		RateWindow: 4 * time.Second,
		LeadTime:   hpaSync + podStart + step,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, adapter.Stop) })
	return &scene{&site{Application: &stack.Application{Namespace: namespace}, plane: plane, adapter: adapter}, prometheus}
}

func (s *scene) deployment(ctx context.Context) (*appsv1.Deployment, error) {
	return s.plane.Client.AppsV1().Deployments(s.Namespace).Get(ctx, s.service.Name, metav1.GetOptions{})
}

// reaches waits for the metric to be n and the Deployment to be scaled to it.
func (s *scene) reaches(t *testing.T, n int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("the HPA follows the metric to %d", n), func(ctx context.Context) error {
		hpa, err := s.hpa(ctx, s.service.Name)
		if err != nil {
			return err
		}
		desired, err := s.desired(ctx, s.service.Name)
		if err != nil {
			return err
		}
		if got := condition(hpa, autoscalingv2.ScalingActive); !strings.HasPrefix(got, "True") || desired != n || int64(hpa.Status.CurrentReplicas) != n {
			return fmt.Errorf("metric %d, HPA at %d of %d, ScalingActive %s", desired, hpa.Status.CurrentReplicas, hpa.Status.DesiredReplicas, got)
		}
		return nil
	})
}

// keeps checks for three times the stabilisation that the Deployment is not scaled
// below n.
func (s *scene) keeps(t *testing.T, n int32) {
	t.Helper()
	if err := stack.Always(t.Context(), 3*scaleIn, func(ctx context.Context) error {
		d, err := s.deployment(ctx)
		if err == nil && *d.Spec.Replicas < n {
			err = fmt.Errorf("scaled to %d, want at least %d", *d.Spec.Replicas, n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// With CPU at its limit and no pod ready, the HPA holds at four; with one of four
// ready it holds as well; and when all are ready at a low load, it scales in.
func TestOverloadDoesNotScaleIn(t *testing.T) {
	s := stage(t, staging{minReplicas: 1})
	s.reaches(t, 4)

	s.set(lost)
	eventually(t, "the metric is an error and the HPA says so", func(ctx context.Context) error {
		n, err := s.desired(ctx, s.service.Name)
		switch {
		case err == nil:
			return fmt.Errorf("the metric still says %d", n)
		case !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), "none of its pods is ready"):
			return err
		}
		hpa, err := s.hpa(ctx, s.service.Name)
		if err == nil && condition(hpa, autoscalingv2.ScalingActive) != "False FailedGetExternalMetric" {
			err = errors.New("ScalingActive is " + condition(hpa, autoscalingv2.ScalingActive))
		}
		return err
	})
	s.keeps(t, 4)

	s.set(struggling)
	eventually(t, "the metric is back", func(ctx context.Context) error {
		_, err := s.desired(ctx, s.service.Name)
		return err
	})
	s.keeps(t, 4)

	s.set(quiet)
	s.reaches(t, 1)
}

// An HPA that allows zero replicas never gets there by the metric and is warned of
// it. One that is there, by a metric that it had before, comes back.
func TestZeroIsNeverPlanned(t *testing.T) {
	s := stage(t, staging{minReplicas: 0})
	s.reaches(t, 4)
	eventually(t, "an Event about minReplicas", func(ctx context.Context) error {
		events, err := s.plane.Client.CoreV1().Events(s.Namespace).List(ctx, metav1.ListOptions{
			FieldSelector: "reason=MinReplicasZero,involvedObject.kind=HorizontalPodAutoscaler,involvedObject.name=" + s.service.Name,
		})
		if err == nil && len(events.Items) == 0 {
			err = errors.New("there is none")
		}
		return err
	})

	s.set(idle)
	s.reaches(t, 1)
	s.keeps(t, 1)

	s.set(gone)
	hpas := s.plane.Client.AutoscalingV2().HorizontalPodAutoscalers(s.Namespace)
	zero := []byte(`{"spec": {"replicas": 0}}`)
	if _, err := s.plane.Client.AppsV1().Deployments(s.Namespace).Patch(
		t.Context(), s.service.Name, types.MergePatchType, zero, metav1.PatchOptions{}, "scale"); err != nil {
		t.Fatal(err)
	}
	// What the controller writes when it scales to zero by itself, and might overwrite here with what
	// it had read before. Without it, a Deployment at zero is one that somebody has switched off.
	status := []byte(`{"status": {"conditions": [{"type": "ScaledToZero", "status": "True"}]}}`)
	eventually(t, "the HPA brings the service back", func(ctx context.Context) error {
		d, err := s.deployment(ctx)
		if err != nil || *d.Spec.Replicas == 1 {
			return err
		}
		_, err = hpas.Patch(ctx, s.service.Name, types.StrategicMergePatchType, status, metav1.PatchOptions{}, "status")
		return errors.Join(err, fmt.Errorf("scaled to %d", *d.Spec.Replicas))
	})
}

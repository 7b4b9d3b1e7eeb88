package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"

	"github.com/deepscaler/deepscaler/test/stack"
)

// A stock HPA that reads the custom metrics API scales by the same number, and the log of
// who owns which API is an Event too.
func TestObjectMetricScales(t *testing.T) {
	s := stage(t, staging{minReplicas: 1, autoscaler: func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
		hpa.Spec.Metrics = []autoscalingv2.MetricSpec{stack.ObjectMetric(hpa.Spec.ScaleTargetRef)}
	}})
	s.reaches(t, 4)
	for _, version := range []string{"v1beta1", "v1beta2"} {
		var list struct {
			Items []struct{ Value string }
		}
		s.getRaw(t, "/apis/custom.metrics.k8s.io/"+version+"/namespaces/"+s.Namespace+"/deployments.apps/"+s.service.Name+"/"+stack.MetricName, &list)
		if len(list.Items) != 1 || list.Items[0].Value != "4" {
			t.Errorf("%s: %+v, want one item of 4", version, list)
		}
	}
	eventually(t, "an Event about who serves an API", func(ctx context.Context) error {
		events, err := s.plane.Client.CoreV1().Events("").List(ctx, metav1.ListOptions{FieldSelector: "reason=ServedByDeepScaler,involvedObject.kind=APIService"})
		if err == nil && len(events.Items) == 0 {
			err = errors.New("there is none")
		}
		return err
	})

	s.set(quiet)
	s.reaches(t, 1)
}

// A StatefulSet is scaled as a Deployment is.
func TestStatefulSetScales(t *testing.T) {
	s := stage(t, staging{minReplicas: 1, workload: func(ctx context.Context, plane *stack.Stack, d *appsv1.Deployment) error {
		set := &appsv1.StatefulSet{ObjectMeta: d.ObjectMeta, Spec: appsv1.StatefulSetSpec{
			Replicas: d.Spec.Replicas, Selector: d.Spec.Selector, Template: d.Spec.Template, PodManagementPolicy: appsv1.ParallelPodManagement,
		}}
		_, err := plane.Client.AppsV1().StatefulSets(d.Namespace).Create(ctx, set, metav1.CreateOptions{})
		return err
	}, autoscaler: func(hpa *autoscalingv2.HorizontalPodAutoscaler) { hpa.Spec.ScaleTargetRef.Kind = "StatefulSet" }})
	s.reaches(t, 4)
	s.set(quiet)
	s.reaches(t, 1)
}

// widgets are a resource with a scale, as those of Argo Rollouts and many operators.
var widgets = schema.GroupVersionResource{Group: "e2e.deepscaler.io", Version: "v1", Resource: "widgets"}

const widgetDefinition = `{
	"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.e2e.deepscaler.io"},
	"spec": {
		"group": "e2e.deepscaler.io", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
		"versions": [{
			"name": "v1", "served": true, "storage": true,
			"schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			"subresources": {"status": {}, "scale": {
				"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}}
		}]
	}
}`

// A custom resource with a scale is scaled too, by an Object metric on its own kind.
func TestCustomResourceScales(t *testing.T) {
	var client dynamic.Interface
	s := stage(t, staging{minReplicas: 1, workload: func(ctx context.Context, plane *stack.Stack, d *appsv1.Deployment) error {
		var err error
		if client, err = dynamic.NewForConfig(plane.Cluster.RESTConfig()); err != nil {
			return err
		}
		if _, err := plane.Kubectl(ctx, []byte(widgetDefinition), "apply", "-f", "-"); err != nil {
			return err
		}
		if _, err := plane.Kubectl(ctx, nil, "wait", "--for=condition=Established", "--timeout="+patience.String(), "crd/widgets.e2e.deepscaler.io"); err != nil {
			return err
		}
		widget := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "e2e.deepscaler.io/v1", "kind": "Widget", "metadata": map[string]any{"name": d.Name},
			"spec": map[string]any{"replicas": int64(*d.Spec.Replicas)},
		}}
		return stack.Eventually(ctx, "widgets are served", func(ctx context.Context) error {
			_, err := client.Resource(widgets).Namespace(d.Namespace).Create(ctx, widget, metav1.CreateOptions{})
			return err
		})
	}, autoscaler: func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
		hpa.Spec.ScaleTargetRef.APIVersion, hpa.Spec.ScaleTargetRef.Kind = "e2e.deepscaler.io/v1", "Widget"
		hpa.Spec.Metrics = []autoscalingv2.MetricSpec{stack.ObjectMetric(hpa.Spec.ScaleTargetRef)}
	}})
	follow := func(n int64) {
		t.Helper()
		eventually(t, fmt.Sprintf("the widget is scaled to %d", n), func(ctx context.Context) error {
			widget, err := client.Resource(widgets).Namespace(s.Namespace).Get(ctx, s.service.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			// The part of the operator: it has what was asked for.
			replicas, _, _ := unstructured.NestedInt64(widget.Object, "spec", "replicas")
			status := fmt.Appendf(nil, `{"status": {"replicas": %d, "selector": "app=%s"}}`, replicas, s.service.Name)
			if _, err := client.Resource(widgets).Namespace(s.Namespace).Patch(ctx, s.service.Name, types.MergePatchType, status, metav1.PatchOptions{}, "status"); err != nil {
				return err
			}
			hpa, err := s.hpa(ctx, s.service.Name)
			if err != nil {
				return err
			}
			if active := condition(hpa, autoscalingv2.ScalingActive); replicas != n || active != "True ValidMetricFound" {
				return fmt.Errorf("scaled to %d, ScalingActive %s", replicas, active)
			}
			return nil
		})
	}
	follow(4)
	s.set(quiet)
	follow(1)
}

// During a rolling update there is a pod more than was asked for. With a tolerance, the
// controller takes the present number for the right one while the metric is close to it,
// and the Deployment drifts (kubernetes/kubernetes#138505). Without one it cannot.
func TestRollingUpdateDoesNotDrift(t *testing.T) {
	many := script{replicas: 14, cpu: 0.6, latency: 0.05, requests: 350}
	s := stage(t, staging{minReplicas: 1, present: &many, workload: func(ctx context.Context, plane *stack.Stack, d *appsv1.Deployment) error {
		one, none := intstr.FromInt32(1), intstr.FromInt32(0)
		d.Spec.Strategy = appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &one, MaxUnavailable: &none},
		}
		_, err := plane.Client.AppsV1().Deployments(d.Namespace).Create(ctx, d, metav1.CreateOptions{})
		return err
	}})
	// Above ten, one pod more is within the default tolerance.
	var n int32
	eventually(t, "the Deployment has its ten pods or more", func(ctx context.Context) error {
		desired, err := s.desired(ctx, s.service.Name)
		if err != nil {
			return err
		}
		n = int32(desired)
		if now, err := s.deployment(ctx); err != nil || n <= 10 || now.Status.Replicas != n || now.Status.ReadyReplicas != n {
			return errors.Join(err, fmt.Errorf("the metric is %d", n))
		}
		return nil
	})
	restart := fmt.Appendf(nil, `{"spec": {"template": {"metadata": {"annotations": {"restarted": %q}}}}}`, time.Now())
	d, err := s.plane.Client.AppsV1().Deployments(s.Namespace).Patch(t.Context(), s.service.Name, types.MergePatchType, restart, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	surged := false
	eventually(t, "the update ends", func(ctx context.Context) error {
		now, err := s.deployment(ctx)
		if err != nil {
			return err
		}
		if *now.Spec.Replicas != n {
			t.Fatalf("the HPA scaled to %d during the update, want %d", *now.Spec.Replicas, n)
		}
		surged = surged || now.Status.Replicas > n
		if now.Status.ObservedGeneration < d.Generation || now.Status.UpdatedReplicas < n || now.Status.Replicas > n {
			return errors.New("it goes on")
		}
		return nil
	})
	if !surged {
		t.Error("there was never a pod more, so nothing was tested")
	}
	s.keeps(t, n)
}

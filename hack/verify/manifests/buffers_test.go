package manifests_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/capacitybuffer"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/leader"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// constant forecasts the same need for every service.
type constant float64

func (c constant) Estimate(_ context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	f := estimator.NewForecast(w.Services, 1, time.Second)
	for n := range f.Replicas {
		f.Replicas[n] = float64(c)
	}
	return f, nil
}

// noNews observes nothing.
type noNews struct{}

func (noNews) Buffered(map[types.NamespacedName]int) {}
func (noNews) BufferWritten(error)                   {}

// testCapacityBuffers writes a buffer with the adapter's own rights, by the real definition of
// the resource.
func (s *site) testCapacityBuffers(t *testing.T) {
	const name, workload = "deepscaler-capacity-buffers", "deepscaler-web"
	adapter := controlplane.ServiceAccount(system, deployed)
	resource := capacitybuffer.Resource()
	rights := func(want bool) []right {
		var all []right
		for _, verb := range []string{"list", "create", "patch", "delete"} {
			all = append(all, right{verb: verb, group: resource.Group, resource: resource.Resource, namespace: "shop", want: want})
		}
		return append(all, right{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: system, name: name, want: want})
	}
	s.check(t, adapter, rights(false))
	stream, _ := s.render(t, "overlays/capacity-buffers")
	s.mustKubectl(t, stream, "apply", "--server-side", "-f", "-")
	s.check(t, adapter, append(rights(true), always()...))

	config, err := s.cluster.RESTConfigFor(adapter)
	if err != nil {
		t.Fatal(err)
	}
	own, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	elected, err := leader.New(own.CoordinationV1(), types.NamespacedName{Namespace: system, Name: name}, "test")
	if err != nil {
		t.Fatal(err)
	}
	hpa := s.autoscaler(t)
	applications := []discovery.Application{{Name: "shop", Services: []discovery.Service{discovery.Consent(nil).ServiceOf(hpa)}}}
	w := capacitybuffer.New(capacitybuffer.Options{
		Client: objects, Leader: elected, Applications: func() []discovery.Application { return applications },
		Last: func(string) *tick.Basis { return basis(applications[0].Services[0]) }, Step: time.Second, Clock: clock.RealClock{}, Observer: noNews{},
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	defer func() {
		stop()
		<-done
	}()
	admin, err := dynamic.NewForConfig(s.cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	buffers := admin.Resource(resource).Namespace("shop")
	s.eventually(t, "the buffer has room for three pods", func() bool {
		b, err := buffers.Get(t.Context(), workload, metav1.GetOptions{})
		if err != nil {
			return false
		}
		strategy, _, _ := unstructured.NestedString(b.Object, "spec", "provisioningStrategy")
		replicas, _, _ := unstructured.NestedInt64(b.Object, "spec", "replicas")
		return replicas == 3 && strategy == "buffer.x-k8s.io/active-capacity"
	})
	// The definition is the real one: it has rules.
	for _, patch := range []string{`{"spec":{"replicas":-1}}`, `{"spec":{"podTemplateRef":{"name":"web"}}}`} {
		if _, err := buffers.Patch(t.Context(), workload, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); !apierrors.IsInvalid(err) {
			t.Errorf("patch %s: error %v, want it to be invalid", patch, err)
		}
	}
	// The buffer goes with its autoscaler, even if nobody is left who would delete it.
	stop()
	<-done
	if err := s.client.AutoscalingV2().HorizontalPodAutoscalers("shop").Delete(t.Context(), hpa.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, "the buffer is collected", func() bool {
		_, err := buffers.Get(t.Context(), workload, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// autoscaler creates one in the namespace shop.
func (s *site) autoscaler(t *testing.T) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	hpa, err := s.client.AutoscalingV2().HorizontalPodAutoscalers("shop").Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}, MaxReplicas: 9,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return hpa
}

// basis is a plan of two pods, made now, of which five will be needed when a node has started.
func basis(s discovery.Service) *tick.Basis {
	now := time.Now()
	window := &estimator.Window{Services: []estimator.Service{s.Service}}
	two, err := constant(2).Estimate(context.Background(), window)
	made, err2 := plan.Make(plan.DefaultConfig(), two, map[estimator.Service]plan.Bounds{s.Service: s.Bounds}, plan.Observed{}, now)
	if err := errors.Join(err, err2); err != nil {
		panic(fmt.Sprintf("no plan: %v", err)) // not in the goroutine of the test
	}
	return &tick.Basis{Application: s.Application, Window: window, Plan: made, Model: tick.Model{Plan: plan.DefaultConfig(), Ahead: constant(5)}}
}

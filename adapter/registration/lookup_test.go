package registration_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

func TestLookup(t *testing.T) {
	service := func(name, namespace string, labels map[string]any, conditions ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
			"metadata": map[string]any{"name": name, "labels": labels},
			"spec":     map[string]any{"service": map[string]any{"namespace": namespace, "name": "server"}},
			"status":   map[string]any{"conditions": conditions},
		}}
	}
	kinds := map[schema.GroupVersionResource]string{{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}: "APIServiceList"}
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds,
		service(external, "keda", nil, map[string]any{"type": "Available", "status": "False", "message": "no endpoints"}),
		service(custom2, "deepscaler-system", map[string]any{"app.kubernetes.io/part-of": "deepscaler"}, map[string]any{"type": "Available", "status": "True"}))
	got, err := registration.Lookup(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	want := []registration.API{
		{Name: external, Way: discovery.External, Service: types.NamespacedName{Namespace: "keda", Name: "server"}, Reason: "no endpoints"},
		{Name: custom2, Way: discovery.Object, Service: types.NamespacedName{Namespace: "deepscaler-system", Name: "server"}, Ours: true, Available: true},
		{Name: custom1, Way: discovery.Object},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/deepscaler/deepscaler/test/stack"
)

// widgets are a resource with a scale and nothing else.
var widgets = schema.GroupVersionResource{Group: "restart.deepscaler.io", Version: "v1", Resource: "widgets"}

const widgetDefinition = `{
	"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.restart.deepscaler.io"},
	"spec": {
		"group": "restart.deepscaler.io", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
		"versions": [{
			"name": "v1", "served": true, "storage": true,
			"schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			"subresources": {"scale": {
				"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}}
		}]
	}
}`

func name(i int) string { return fmt.Sprintf("service-%d", i) }

// populate creates the widgets, which have their replicas, and an HPA for each.
func (b *bench) populate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := b.Kubectl(ctx, []byte(widgetDefinition), "apply", "-f", "-"); err != nil {
		return err
	}
	if _, err := b.Kubectl(ctx, nil, "wait", "--for=condition=Established", "--timeout="+patience.String(), "crd/widgets.restart.deepscaler.io"); err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shop}}
	if _, err := b.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(16)
	for i := range b.services {
		all.Go(func() error {
			widget := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": widgets.GroupVersion().String(), "kind": "Widget", "metadata": map[string]any{"name": name(i)},
				"spec":   map[string]any{"replicas": int64(replicas)},
				"status": map[string]any{"replicas": int64(replicas), "selector": "app=" + name(i)},
			}}
			if err := stack.Eventually(ctx, "widgets are served", func(ctx context.Context) error {
				_, err := b.objects.Resource(widgets).Namespace(shop).Create(ctx, widget, metav1.CreateOptions{})
				return err
			}); err != nil {
				return err
			}
			hpa := stack.HPA(shop, name(i), 1, 2*replicas, b.sync)
			hpa.Spec.ScaleTargetRef.APIVersion, hpa.Spec.ScaleTargetRef.Kind = widgets.GroupVersion().String(), "Widget"
			_, err := b.Client.AutoscalingV2().HorizontalPodAutoscalers(shop).Create(ctx, hpa, metav1.CreateOptions{})
			return err
		})
	}
	return all.Wait()
}

// kept returns an error unless all widgets have the replicas that they began with.
func kept(all []unstructured.Unstructured) error {
	for _, w := range all {
		n, _, err := unstructured.NestedInt64(w.Object, "spec", "replicas")
		if err != nil {
			return err
		}
		if n != replicas {
			return fmt.Errorf("%s was scaled to %d, want it to keep %d", w.GetName(), n, replicas)
		}
	}
	return nil
}

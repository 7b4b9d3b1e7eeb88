package manifest

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func TestObjects(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	objects := Objects(a, "shop")
	if len(objects) != 20 {
		t.Fatalf("%d objects for 10 services, want a Deployment and a Service each", len(objects))
	}
	front, ok := objects[0].(*appsv1.Deployment)
	if !ok {
		t.Fatalf("the first object is a %T", objects[0])
	}
	if front.Name != "frontend" || front.Namespace != "shop" || *front.Spec.Replicas != 4 {
		t.Errorf("have %s/%s with %d replicas, want shop/frontend with 4", front.Namespace, front.Name, *front.Spec.Replicas)
	}
	c := front.Spec.Template.Spec.Containers[0]
	for name, want := range map[corev1.ResourceName]string{"cpu": "200m", "memory": "128Mi"} {
		if q := c.Resources.Limits[name]; q.String() != want {
			t.Errorf("the limit of %s is %s, want %s", name, q.String(), want)
		}
	}
	for i, d := range Deployments(a, "shop") {
		template, selector := d.Spec.Template.Labels, d.Spec.Selector.MatchLabels
		service := Services(a, "shop")[i]
		for key, value := range selector {
			if template[key] != value || service.Spec.Selector[key] != value {
				t.Errorf("%s: the selector %s=%s does not match the pods %v or the Service %v", d.Name, key, value, template, service.Spec.Selector)
			}
		}
	}
}

// Package manifest renders the services of an application as Kubernetes
// objects, so that stock controllers scale what the testbed simulates.
package manifest

import (
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// port is the port of every service.
const port = 8080

// Objects returns the Deployments and Services of a, in the order of a.Services.
// The application must be complete and valid, as from [app.Load].
func Objects(a *app.Application, namespace string) []runtime.Object {
	var objects []runtime.Object
	for _, d := range Deployments(a, namespace) {
		objects = append(objects, d)
	}
	for _, s := range Services(a, namespace) {
		objects = append(objects, s)
	}
	return objects
}

// Deployments returns one Deployment for every service. Its container has the
// service's name; its pods carry the labels app (the service) and
// app.kubernetes.io/part-of (the application).
func Deployments(a *app.Application, namespace string) []*appsv1.Deployment {
	out := make([]*appsv1.Deployment, 0, len(a.Services))
	for i := range a.Services {
		s := &a.Services[i]
		replicas := int32(s.Replicas)
		out = append(out, &appsv1.Deployment{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
			ObjectMeta: meta(a, s, namespace),
			Spec: appsv1.DeploymentSpec{
				Replicas: &replicas,
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": s.Name}},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels(a, s)},
					Spec: corev1.PodSpec{Containers: []corev1.Container{{
						Name:      s.Name,
						Image:     s.Image,
						Ports:     []corev1.ContainerPort{{Name: a.Protocol, ContainerPort: port}},
						Resources: resources(s.Resources),
					}}},
				},
			},
		})
	}
	return out
}

// Services returns one Service for every service.
func Services(a *app.Application, namespace string) []*corev1.Service {
	out := make([]*corev1.Service, 0, len(a.Services))
	for i := range a.Services {
		s := &a.Services[i]
		out = append(out, &corev1.Service{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
			ObjectMeta: meta(a, s, namespace),
			Spec: corev1.ServiceSpec{
				Selector: map[string]string{"app": s.Name},
				Ports:    []corev1.ServicePort{{Name: a.Protocol, Port: 80, TargetPort: intstr.FromInt32(port)}},
			},
		})
	}
	return out
}

func meta(a *app.Application, s *app.Service, namespace string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: s.Name, Namespace: namespace, Labels: labels(a, s)}
}

func labels(a *app.Application, s *app.Service) map[string]string {
	return map[string]string{"app": s.Name, "app.kubernetes.io/part-of": a.Name}
}

func resources(r app.Resources) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: list(r.Requests), Limits: list(r.Limits)}
}

func list(u app.Usage) corev1.ResourceList {
	l := corev1.ResourceList{}
	if u.CPU > 0 {
		l[corev1.ResourceCPU] = *resource.NewMilliQuantity(int64(math.Round(float64(u.CPU)*1000)), resource.DecimalSI)
	}
	if u.Memory > 0 {
		l[corev1.ResourceMemory] = *resource.NewQuantity(int64(u.Memory), resource.BinarySI)
	}
	return l
}

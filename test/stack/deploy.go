package stack

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/manifest"
)

// deploy creates the namespace of an application with its Deployments and
// Services, and waits for its pods: users come when it is up.
func (s *Stack) deploy(ctx context.Context, a *app.Application, namespace string) error {
	if err := s.createNamespace(ctx, namespace); err != nil {
		return err
	}
	for _, d := range manifest.Deployments(a, namespace) {
		if _, err := s.Client.AppsV1().Deployments(namespace).Create(ctx, d, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create deployment %s: %w", d.Name, err)
		}
	}
	for _, service := range manifest.Services(a, namespace) {
		if _, err := s.Client.CoreV1().Services(namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create service %s: %w", service.Name, err)
		}
	}
	return Eventually(ctx, "the pods of "+a.Name+" are ready", func(ctx context.Context) error {
		list, err := s.Client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, d := range list.Items {
			if d.Status.ReadyReplicas < *d.Spec.Replicas {
				return fmt.Errorf("%s has %d of %d pods ready", d.Name, d.Status.ReadyReplicas, *d.Spec.Replicas)
			}
		}
		return nil
	})
}

package check

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// rights asks the API server what the caller may do.
func (c *Checker) rights(ctx context.Context, namespace, system string) *section {
	s := &section{name: "rights"}
	view := fmt.Sprintf("bind the role view in namespace %s", namespace)
	for _, r := range []struct {
		remedy string
		authorizationv1.ResourceAttributes
	}{
		{view + ", or deepscaler-metric-reader", authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "list", Group: "external.metrics.k8s.io", Resource: discovery.Metric}},
		{view, authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "list", Group: "autoscaling", Resource: "horizontalpodautoscalers"}},
		{view, authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "list", Group: "apps", Resource: "deployments"}},
		{view, authorizationv1.ResourceAttributes{Namespace: namespace, Verb: "list", Group: "apps", Resource: "statefulsets"}},
		{"ask an administrator who owns the metrics APIs", authorizationv1.ResourceAttributes{Verb: "get", Group: "apiregistration.k8s.io", Resource: "apiservices"}},
		{"ask an administrator to look at the adapter", authorizationv1.ResourceAttributes{Namespace: system, Verb: "list", Resource: "pods"}},
		{"give --config, or --prometheus-url", authorizationv1.ResourceAttributes{Namespace: system, Verb: "get", Resource: "configmaps"}},
	} {
		name := r.Verb + " " + r.Resource
		where := "in the cluster"
		if r.Namespace != "" {
			where = "in namespace " + r.Namespace
		}
		review, err := c.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &r.ResourceAttributes},
		}, metav1.CreateOptions{})
		switch {
		case err != nil:
			s.add(Unknown, name, "", "the API server does not review your rights: %v", err)
		case review.Status.Allowed:
			s.add(OK, name, "", "you may, %s", where)
		default:
			s.add(Warning, name, r.remedy, "you may not, %s", where)
		}
	}
	return s
}

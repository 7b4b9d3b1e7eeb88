package manifests_test

import (
	"fmt"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

const (
	system     = "deepscaler-system"
	deployed   = "deepscaler-adapter"
	secret     = "deepscaler-adapter-certificate" //nolint:gosec // the name of a Secret, not a credential
	lease      = "deepscaler-learner"
	apiService = "v1beta1.external.metrics.k8s.io"

	customAPIService = "v1beta2.custom.metrics.k8s.io"
)

// right is a question to the API server's authoriser.
type right struct {
	verb, group, resource, subresource, namespace, name string
	// path, when set, asks about a URL instead of a resource.
	path string
	want bool
}

func (r right) String() string {
	if r.path != "" {
		return r.verb + " " + r.path
	}
	return fmt.Sprintf("%s %s.%s %s/%s", r.verb, r.resource, r.group, r.namespace, r.name)
}

// may asks the authoriser of the API server.
func (s *site) may(t *testing.T, user controlplane.User, r right) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user.Name, Groups: append([]string{"system:authenticated"}, user.Groups...),
	}}
	if r.path != "" {
		review.Spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Verb: r.verb, Path: r.path}
	} else {
		review.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Verb: r.verb, Group: r.group, Resource: r.resource, Subresource: r.subresource, Namespace: r.namespace, Name: r.name,
		}
	}
	answer, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Status.Allowed
}

// check compares rights with what the authoriser says once it has taken notice of
// the latest roles, which takes it a moment.
func (s *site) check(t *testing.T, user controlplane.User, rights []right) {
	t.Helper()
	for _, r := range rights {
		if r.want {
			s.eventually(t, fmt.Sprintf("%s may %s", user.Name, r), func() bool { return s.may(t, user, r) })
		} else if s.may(t, user, r) {
			t.Errorf("%s may %s", user.Name, r)
		}
	}
}

// always are the adapter's rights however its certificate is made, and what it must
// never have.
func always() []right {
	const hpa, shop = "horizontalpodautoscalers", "shop"
	return []right{
		{verb: "list", group: "autoscaling", resource: hpa, want: true},
		{verb: "watch", group: "autoscaling", resource: hpa, want: true},
		{verb: "create", resource: "events", namespace: shop, want: true},
		{verb: "patch", resource: "events", namespace: shop, want: true},
		{verb: "create", group: "authentication.k8s.io", resource: "tokenreviews", want: true},
		{verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews", want: true},
		{verb: "get", resource: "configmaps", namespace: "kube-system", name: "extension-apiserver-authentication", want: true},
		{verb: "list", resource: "configmaps", namespace: system, want: true},
		{verb: "watch", resource: "configmaps", namespace: system, want: true},
		{verb: "create", resource: "configmaps", namespace: system, want: true},
		{verb: "patch", resource: "configmaps", namespace: system, name: "deepscaler-model-shop-0123456789ab", want: true},
		{verb: "delete", resource: "configmaps", namespace: system, name: "deepscaler-model-shop-0123456789ab", want: true},
		{verb: "get", group: "coordination.k8s.io", resource: "leases", namespace: system, name: lease, want: true},
		{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: system, name: lease, want: true},

		{verb: "update", group: "autoscaling", resource: hpa, namespace: shop, name: "web"},
		{verb: "patch", group: "autoscaling", resource: hpa + "/status", namespace: shop, name: "web"},
		{verb: "update", group: "apps", resource: "deployments/scale", namespace: shop, name: "web"},
		{verb: "list", resource: "pods"},
		{verb: "list", resource: "secrets"},
		{verb: "list", resource: "secrets", namespace: system},
		{verb: "get", resource: "secrets", namespace: "kube-system", name: "any"},
		{verb: "get", resource: "secrets", namespace: shop, name: secret},
		{verb: "create", resource: "secrets", namespace: system},
		{verb: "delete", resource: "secrets", namespace: system, name: secret},
		{verb: "get", resource: "configmaps", namespace: "kube-system", name: "any"},
		{verb: "list", resource: "configmaps", namespace: shop},
		{verb: "create", resource: "configmaps", namespace: shop},
		{verb: "create", group: "coordination.k8s.io", resource: "leases", namespace: system},
		{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: system, name: "any"},
		{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: "kube-system", name: lease},
		{verb: "list", group: "apiregistration.k8s.io", resource: "apiservices"},
		{verb: "watch", group: "apiregistration.k8s.io", resource: "apiservices", name: apiService, want: true},
		{verb: "list", group: "apiregistration.k8s.io", resource: "apiservices", name: customAPIService, want: true},
		{verb: "update", group: "apiregistration.k8s.io", resource: "apiservices", name: customAPIService},
		{verb: "update", group: "apiregistration.k8s.io", resource: "apiservices", name: "v1beta1.metrics.k8s.io"},
		{verb: "create", group: "apiregistration.k8s.io", resource: "apiservices"},
		{verb: "impersonate", resource: "users"},
	}
}

func certificateRights(want bool) []right {
	var rights []right
	for _, verb := range []string{"get", "list", "watch", "update"} {
		rights = append(rights,
			right{verb: verb, resource: "secrets", namespace: system, name: secret, want: want})
	}
	return append(rights, right{verb: "update", group: "apiregistration.k8s.io", resource: "apiservices", name: apiService, want: want})
}

func (s *site) testRightsWithCertManager(t *testing.T) {
	stream, _ := s.render(t, "overlays/full")
	s.mustKubectl(t, stream, "apply", "--server-side", "-f", "-")
	s.check(t, controlplane.ServiceAccount(system, deployed), append(always(), certificateRights(false)...))
	s.check(t, controlplane.ServiceAccount(system, "deepscaler-scraper"), []right{
		{verb: "get", path: "/metrics", want: true},
		{verb: "get", path: "/debug/pprof/heap"},
		{verb: "get", resource: "secrets", namespace: system, name: secret},
		{verb: "list", group: "external.metrics.k8s.io", resource: "deepscaler_desired_replicas", namespace: "shop"},
	})
	// The next kustomization must not find rights that it does not grant itself.
	s.mustKubectl(t, stream, "delete", "--wait=false", "-f", "-", "--ignore-not-found")
	s.mustKubectl(t, nil, "wait", "--for=delete", "--timeout="+patience.String(), "namespace/"+system)
}

func (s *site) testRightsOfBase(t *testing.T) {
	stream, _ := s.render(t, base)
	s.mustKubectl(t, stream, "apply", "--server-side", "-f", "-")
	s.check(t, controlplane.ServiceAccount(system, deployed), append(always(), certificateRights(true)...))

	metric := right{verb: "list", group: "external.metrics.k8s.io", resource: "deepscaler_desired_replicas", namespace: "shop", want: true}
	s.check(t, controlplane.ServiceAccount("kube-system", "horizontal-pod-autoscaler"), []right{metric})
	metric.want = false
	s.check(t, controlplane.User{Name: "somebody"}, []right{metric})

	// A viewer of one namespace reads its metric, and no other's.
	s.mustKubectl(t, nil, "create", "namespace", "shop")
	s.mustKubectl(t, nil, "create", "rolebinding", "viewer", "--namespace=shop", "--clusterrole=view", "--user=viewer")
	viewer := controlplane.User{Name: "viewer"}
	metric.want = true
	s.check(t, viewer, []right{metric})
	object := right{verb: "get", group: "custom.metrics.k8s.io", resource: "deployments.apps", subresource: "deepscaler_desired_replicas", namespace: "shop", name: "web", want: true}
	s.check(t, viewer, []right{object})
	metric.namespace, metric.want = "elsewhere", false
	object.namespace, object.want = "elsewhere", false
	s.check(t, viewer, []right{metric, object})
}

// The scheduler has what Kubernetes gives its own, its Lease and what the adapter knows. Only
// with the overlay may it patch pods, too.
func (s *site) testRightsOfScheduler(t *testing.T) {
	const name = "deepscaler-scheduler"
	scheduler := controlplane.ServiceAccount(system, name)
	rights := []right{
		{verb: "list", group: "external.metrics.k8s.io", resource: "deepscaler_desired_replicas", namespace: "shop", want: true},
		{verb: "list", group: "external.metrics.k8s.io", resource: "deepscaler_call_rate", namespace: "shop", want: true},
		{verb: "list", group: "external.metrics.k8s.io", resource: "deepscaler_affinity", namespace: "shop", want: true},
		{verb: "create", resource: "pods", subresource: "binding", namespace: "shop", want: true},
		{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: system, name: name, want: true},

		{verb: "list", group: "external.metrics.k8s.io", resource: "queue_length", namespace: "shop"},
		{verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: system, name: lease},
		{verb: "get", resource: "secrets", namespace: system, name: secret},
		{verb: "list", resource: "configmaps", namespace: system},
		{verb: "update", group: "apps", resource: "deployments", namespace: "shop"},
	}
	patch := right{verb: "patch", resource: "pods", namespace: "shop"}
	stream, _ := s.render(t, "scheduler")
	s.mustKubectl(t, stream, "apply", "--server-side", "-f", "-")
	s.check(t, scheduler, append(rights, patch))
	stream, _ = s.render(t, "overlays/scheduler-scale-in")
	s.mustKubectl(t, stream, "apply", "--server-side", "-f", "-")
	patch.want = true
	s.check(t, scheduler, append(rights, patch))
}

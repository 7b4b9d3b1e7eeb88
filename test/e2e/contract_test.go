package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

// kubectl get --raw shows what the README promises.
func TestMetricOverTheAggregator(t *testing.T) {
	s := start(t, 30)
	s.settled(t, 2)
	path := "/apis/external.metrics.k8s.io/v1beta1"

	var resources metav1.APIResourceList
	s.getRaw(t, path, &resources)
	if !slices.ContainsFunc(resources.APIResources, func(r metav1.APIResource) bool {
		return r.Name == stack.MetricName && r.Namespaced && slices.Contains(r.Verbs, "get")
	}) {
		t.Errorf("discovery lists %v, want %s", resources.APIResources, stack.MetricName)
	}

	var list metricList
	s.getRaw(t, path+"/namespaces/"+s.Namespace+"/"+stack.MetricName+"?labelSelector=service%3Dmiddle", &list)
	if len(list.Items) != 1 {
		t.Fatalf("%d items, want 1: %+v", len(list.Items), list)
	}
	got := list.Items[0]
	if got.MetricName != stack.MetricName || got.MetricLabels["service"] != "middle" || got.MetricLabels["application"] != s.Namespace {
		t.Errorf("item %+v, want metric %s of service middle, application %s", got, stack.MetricName, s.Namespace)
	}
	if got.WindowSeconds != int64(step/time.Second) {
		t.Errorf("window is %d s, want %v", got.WindowSeconds, step)
	}
	if age := time.Since(got.Timestamp); age < 0 || age > 10*step {
		t.Errorf("timestamp %v is %v old, want that of the last plan", got.Timestamp, age)
	}

	s.getRaw(t, path+"/namespaces/"+s.Namespace+"/"+stack.MetricName, &list)
	if len(list.Items) != len(s.Services) {
		t.Errorf("%d items without a selector, want one for each of %v", len(list.Items), s.Services)
	}

	_, err := s.desired(t.Context(), "nobody")
	if !apierrors.IsNotFound(err) {
		t.Errorf("unknown service: %v, want NotFound", err)
	}
}

// metricList is the JSON of an ExternalMetricValueList as a user sees it.
type metricList struct {
	Items []struct {
		MetricName    string            `json:"metricName"`
		MetricLabels  map[string]string `json:"metricLabels"`
		Timestamp     time.Time         `json:"timestamp"`
		WindowSeconds int64             `json:"window"`
		Value         string            `json:"value"`
	} `json:"items"`
}

func (s *site) getRaw(t *testing.T, path string, into any) {
	t.Helper()
	out, err := shared.Kubectl(t.Context(), nil, "get", "--raw", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, out)
	}
}

// Without rights a user gets 403, without credentials nobody gets in, and a
// right to read the metric is enough.
func TestOnlyAuthorisedUsersRead(t *testing.T) {
	s := start(t, 30)
	s.settled(t, 2)

	config, err := shared.Cluster.RESTConfigFor(controlplane.User{Name: "jane"})
	if err != nil {
		t.Fatal(err)
	}
	jane := as(t, config)
	if _, err := stack.DesiredReplicas(t.Context(), jane, s.Namespace, "front"); !apierrors.IsForbidden(err) {
		t.Errorf("a user without rights: %v, want Forbidden", err)
	}
	s.grantRead(t, "jane")
	eventually(t, "a granted user may read", func(ctx context.Context) error {
		_, err := stack.DesiredReplicas(ctx, jane, s.Namespace, "front")
		return err
	})
	if _, err := stack.DesiredReplicas(t.Context(), as(t, rest.AnonymousClientConfig(config)), s.Namespace, "front"); !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) {
		t.Errorf("an anonymous caller: %v, want Unauthorized or Forbidden", err)
	}

	// Past the aggregator the adapter itself must refuse, too.
	for _, path := range []string{"/apis/external.metrics.k8s.io/v1beta1/namespaces/" + s.Namespace + "/" + stack.MetricName, "/metrics"} {
		status, err := s.adapter.Get(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status != http.StatusUnauthorized && status != http.StatusForbidden {
			t.Errorf("GET %s from the adapter without credentials: status %d, want 401 or 403", path, status)
		}
	}
}

func (s *site) grantRead(t *testing.T, user string) {
	t.Helper()
	rbac := shared.Client.RbacV1()
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "read-desired-replicas"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"external.metrics.k8s.io"}, Resources: []string{stack.MetricName}, Verbs: []string{"get", "list"}}},
	}
	if _, err := rbac.Roles(s.Namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "read-desired-replicas"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
	}
	if _, err := rbac.RoleBindings(s.Namespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

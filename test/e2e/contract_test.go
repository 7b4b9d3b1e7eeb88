package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

// steadyRPS is a load of the chain under which every service needs two or three replicas.
const steadyRPS = 30

// What the adapter promises to those who read it, on one application under a steady load.
func TestContract(t *testing.T) {
	s := start(t, steadyRPS, 3)
	s.settled(t, 2)
	t.Run("the metric over the aggregator", s.testMetric)
	t.Run("rates of calls", s.testCallRates)
	t.Run("only authorised users read", s.testRights)
	t.Run("a hung Prometheus does not delay reads", s.testHungPrometheus)
}

// testMetric checks that kubectl get --raw shows what the README promises.
func (s *site) testMetric(t *testing.T) {
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
	if age := time.Since(got.Timestamp); age < 0 || age > patience {
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

// getRaw reads a path once the adapter has a plan, which a busy machine may delay.
func (s *site) getRaw(t *testing.T, path string, into any) {
	t.Helper()
	var out []byte
	eventually(t, "GET "+path, func(ctx context.Context) (err error) {
		out, err = s.plane.Kubectl(ctx, nil, "get", "--raw", path)
		return err
	})
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, out)
	}
}

// testCallRates checks that the rates of the calls between services, which the scheduler plugin
// places pods by, come from the mesh's metrics through the adapter and the API aggregator.
func (s *site) testCallRates(t *testing.T) {
	front := s.Namespace + "/" + s.Services[0]
	eventually(t, "the call graph is served", func(ctx context.Context) error {
		raw, err := s.plane.Client.CoreV1().RESTClient().Get().
			AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", s.Namespace, discovery.CallRateMetric).DoRaw(ctx)
		if err != nil {
			return err
		}
		var list external.ExternalMetricValueList
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		rates := map[string]float64{}
		for _, i := range list.Items {
			if source := i.MetricLabels[discovery.SourceLabel]; source == "" {
				rates["users>"+i.MetricLabels[discovery.DestinationLabel]] += i.Value.AsApproximateFloat64()
			} else {
				rates[source] += i.Value.AsApproximateFloat64()
			}
		}
		if users := rates["users>"+front]; math.Abs(users-steadyRPS) > steadyRPS/4 || rates[front] < steadyRPS/2 {
			return fmt.Errorf("calls per second are %v, want %d from users to %s, and calls from there", rates, steadyRPS, front)
		}
		return nil
	})
}

// testRights checks that without rights a user gets 403, without credentials nobody gets
// in, and a right to read the metric is enough.
func (s *site) testRights(t *testing.T) {
	config, err := s.plane.Cluster.RESTConfigFor(controlplane.User{Name: "jane"})
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
	rbac := s.plane.Client.RbacV1()
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

// testHungPrometheus checks that a Prometheus that accepts queries and never answers does not
// hold up a read of the metric: readers get the last plan at once, and then the reason
// why there is none.
func (s *site) testHungPrometheus(t *testing.T) {
	before := s.readUntil(t, "five values", func(values, _ int) bool { return values >= 5 })
	if err := s.Prometheus.Pause(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Prometheus.Resume(); err != nil {
			t.Error(err)
		}
	})
	// Reads that waited for a query would take most of a step, as a tick does that gets no answer. On a
	// busy machine the reads before were slow, too.
	during := s.readUntil(t, "five times the reason", func(_, failures int) bool { return failures >= 5 })
	if during.values == 0 {
		t.Error("the last plan was not served until it was two steps old")
	}
	if during.recovered > 0 {
		t.Error("the metric had a value again although Prometheus still hung")
	}
	if most := step/4 + 5*before.median(); during.median() > most {
		t.Errorf("the median read takes %v, want at most %v: it was %v before", during.median(), most, before.median())
	}
}

// reads are the results of reads of the metric, one after the other.
type reads struct {
	values, failures int
	// recovered are the values after a failure.
	recovered int
	took      []time.Duration
}

func (r *reads) median() time.Duration {
	slices.Sort(r.took)
	return r.took[len(r.took)/2]
}

// readUntil reads the metric until enough values, or failures of the adapter's own, have come.
func (s *site) readUntil(t *testing.T, what string, enough func(values, failures int) bool) *reads {
	t.Helper()
	r := new(reads)
	eventually(t, what, func(ctx context.Context) error {
		began := time.Now()
		n, err := s.desired(ctx, "front")
		r.took = append(r.took, time.Since(began))
		switch {
		case err == nil && n >= 1:
			r.values++
			if r.failures > 0 {
				r.recovered++
			}
		case apierrors.IsServiceUnavailable(err) && strings.Contains(err.Error(), "has no plan: "):
			r.failures++
		default:
			t.Fatalf("read %d, %v, want the last plan or the adapter's own error", n, err)
		}
		if !enough(r.values, r.failures) {
			return fmt.Errorf("%d reads with a value, %d with the reason", r.values, r.failures)
		}
		return nil
	})
	return r
}

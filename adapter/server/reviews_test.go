package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	testclock "k8s.io/utils/clock/testing"
)

// rights is a cluster that grants a user rights in namespaces; "*" is all of them.
type rights struct {
	authorizer.Authorizer

	mu      sync.Mutex
	granted map[string]string // by user
	asked   []string          // user/namespace/name of every review
	err     error
	wait    chan struct{} // when not nil, reviews wait for it
}

func (r *rights) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wait != nil {
		<-r.wait
	}
	r.asked = append(r.asked, a.GetUser().GetName()+"/"+a.GetNamespace()+"/"+a.GetName())
	if s, err := a.GetLabelSelector(); len(s) > 0 || err != nil {
		return authorizer.DecisionDeny, "a selector matters to nobody", nil
	}
	namespace := r.granted[a.GetUser().GetName()]
	switch {
	case r.err != nil:
		return authorizer.DecisionNoOpinion, "", r.err
	case namespace == "*" || namespace != "" && namespace == a.GetNamespace():
		return authorizer.DecisionAllow, "", nil
	}
	return authorizer.DecisionNoOpinion, "", nil
}

func (r *rights) reviews() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

func read(name, namespace, object string) authorizer.AttributesRecord {
	selector, err := labels.ParseToRequirements("service=" + object)
	return authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: name, Groups: []string{"system:authenticated"}}, Verb: "list", ResourceRequest: true, Namespace: namespace,
		APIGroup: "external.metrics.k8s.io", APIVersion: "v1beta1", Resource: "deepscaler_desired_replicas",
		LabelSelectorRequirements: selector, LabelSelectorParsingErr: err,
	}
}

func allows(t *testing.T, r *reviews, a authorizer.Attributes) bool {
	t.Helper()
	decision, _, err := r.Authorize(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return decision == authorizer.DecisionAllow
}

const lifetime = 10 * time.Second

func site(granted map[string]string) (*reviews, *rights, *testclock.FakeClock) {
	cluster, c := &rights{granted: granted}, testclock.NewFakeClock(time.Now())
	return newReviews(cluster, lifetime, lifetime, time.Minute, c), cluster, c
}

// A thousand autoscalers of a thousand namespaces cost one review, and each lifetime one more.
func TestOneReviewForTheControllerOfAutoscalers(t *testing.T) {
	r, cluster, c := site(map[string]string{"hpa": "*"})
	for round := range 3 {
		for i := range 1000 {
			if !allows(t, r, read("hpa", fmt.Sprintf("namespace-%d", i), fmt.Sprintf("service-%d", i))) {
				t.Fatal("denied")
			}
		}
		if got := cluster.reviews(); got != round+1 {
			t.Fatalf("%d reviews in %d lifetimes", got, round+1)
		}
		c.Step(lifetime + time.Second)
	}
}

// A right in one namespace is none in another, and the selector does not matter.
func TestARightInOneNamespace(t *testing.T) {
	r, cluster, _ := site(map[string]string{"jane": "shop"})
	for i := range 100 {
		if !allows(t, r, read("jane", "shop", fmt.Sprintf("service-%d", i))) {
			t.Fatal("denied in her namespace")
		}
		if allows(t, r, read("jane", "bank", "service-1")) || allows(t, r, read("joe", "shop", "service-1")) {
			t.Fatal("allowed without a right")
		}
	}
	// Everywhere and in each namespace, by jane; everywhere and in shop by joe.
	if got := cluster.reviews(); got != 5 {
		t.Errorf("%d reviews, want 5: %v", got, cluster.asked)
	}
}

func TestARevokedRightEndsWithTheLifetime(t *testing.T) {
	r, cluster, c := site(map[string]string{"hpa": "*"})
	if !allows(t, r, read("hpa", "shop", "web")) {
		t.Fatal("denied")
	}
	cluster.granted = nil
	c.Step(lifetime + time.Second)
	if allows(t, r, read("hpa", "shop", "web")) {
		t.Error("allowed after the lifetime")
	}
	cluster.granted = map[string]string{"hpa": "shop"}
	c.Step(lifetime + time.Second)
	if !allows(t, r, read("hpa", "shop", "web")) {
		t.Error("denied after the right is back")
	}
}

// Requests at the same time share one review, and one that is given up costs the others nothing.
func TestNoStampede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, cluster, _ := site(map[string]string{"hpa": "*"})
		cluster.wait = make(chan struct{})
		first, giveUp := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if _, _, err := r.Authorize(first, read("hpa", "shop", "web")); !errors.Is(err, context.Canceled) {
				t.Errorf("the request that is given up: %v", err)
			}
		})
		synctest.Wait()
		for i := range 200 {
			running.Go(func() {
				if !allows(t, r, read("hpa", fmt.Sprint(i), "web")) {
					t.Error("denied")
				}
			})
		}
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(cluster.wait)
		running.Wait()
		if got := cluster.reviews(); got != 1 {
			t.Errorf("%d reviews of 201 requests at once", got)
		}
	})
}

func TestAnErrorIsNotRemembered(t *testing.T) {
	r, cluster, _ := site(map[string]string{"hpa": "*"})
	cluster.err = errors.New("the cluster is away")
	if decision, _, err := r.Authorize(t.Context(), read("hpa", "shop", "web")); err == nil || decision == authorizer.DecisionAllow {
		t.Errorf("decision %v, error %v", decision, err)
	}
	cluster.err = nil
	if !allows(t, r, read("hpa", "shop", "web")) {
		t.Error("denied although the cluster is back")
	}
}

func TestQuestionsThatDifferHaveDifferentKeys(t *testing.T) {
	base := read("jane", "shop", "web")
	keys := map[string]string{}
	for name, change := range map[string]func(a *authorizer.AttributesRecord){
		"none": func(*authorizer.AttributesRecord) {},
		"user": func(a *authorizer.AttributesRecord) { a.User = &user.DefaultInfo{Name: "joe"} },
		"uid":  func(a *authorizer.AttributesRecord) { a.User = &user.DefaultInfo{Name: "jane", UID: "1"} },
		"group": func(a *authorizer.AttributesRecord) {
			a.User = &user.DefaultInfo{Name: "jane", Groups: []string{"a", "b"}}
		},
		"one group": func(a *authorizer.AttributesRecord) {
			a.User = &user.DefaultInfo{Name: "jane", Groups: []string{"a1:b"}}
		},
		"extra": func(a *authorizer.AttributesRecord) {
			a.User = &user.DefaultInfo{Name: "jane", Extra: map[string][]string{"a": {"b"}}}
		},
		"no user":     func(a *authorizer.AttributesRecord) { a.User = nil },
		"verb":        func(a *authorizer.AttributesRecord) { a.Verb = "get" },
		"group of it": func(a *authorizer.AttributesRecord) { a.APIGroup = "custom.metrics.k8s.io" },
		"resource":    func(a *authorizer.AttributesRecord) { a.Resource = "deployments.apps" },
		"subresource": func(a *authorizer.AttributesRecord) { a.Subresource = "deepscaler_desired_replicas" },
		"namespace":   func(a *authorizer.AttributesRecord) { a.Namespace = "bank" },
		"name":        func(a *authorizer.AttributesRecord) { a.Name = "web" },
		"path":        func(a *authorizer.AttributesRecord) { a.ResourceRequest, a.Path = false, "/metrics" },
	} {
		a := base
		change(&a)
		key := question{Attributes: a}.key()
		if other, taken := keys[key]; taken {
			t.Errorf("%s and %s have the same key", name, other)
		}
		keys[key] = name
	}
	other := base
	other.LabelSelectorRequirements = nil
	if (question{Attributes: base}).key() != (question{Attributes: other}).key() {
		t.Error("the selector is in the key")
	}
}

package capacitybuffer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

const step = 15 * time.Second

// scripted forecasts constant needs.
type scripted []float64

func (s scripted) Estimate(_ context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	if s == nil {
		return nil, estimator.ErrInsufficientData
	}
	f := estimator.NewForecast(w.Services, 2, step)
	for n, need := range s {
		f.Set(n, 0, need/2)
		f.Set(n, 1, need)
	}
	return f, nil
}

// site is a writer with everything around it, and an application shop of cart and web.
type site struct {
	*testing.T
	clock    *clocktesting.FakeClock
	client   *fake.FakeDynamicClient
	writer   *Writer
	shop     discovery.Application
	present  []discovery.Application
	last     *tick.Basis
	leads    bool
	buffered map[types.NamespacedName]int
	failed   int
}

func (s *site) Run(ctx context.Context, _ func())          { <-ctx.Done() }
func (s *site) Leads() bool                                { return s.leads }
func (s *site) Buffered(pods map[types.NamespacedName]int) { s.buffered = pods }
func (s *site) BufferWritten(err error) {
	if err != nil {
		s.failed++
	}
}

func newSite(t *testing.T, objects ...runtime.Object) *site {
	s := &site{T: t, clock: clocktesting.NewFakeClock(time.Unix(1e9, 0)), leads: true}
	s.client = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{Resource(): "CapacityBufferList"}, objects...)
	for _, name := range []string{"cart", "web"} {
		s.shop.Services = append(s.shop.Services, discovery.Service{
			Service: estimator.Service{Namespace: "shop", Name: name}, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: 10},
			Autoscaler: discovery.Owner{Name: name + "-hpa", UID: types.UID("uid-" + name)},
			Target:     autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
		})
	}
	s.shop.Name = "shop"
	s.present = []discovery.Application{s.shop}
	s.writer = New(Options{
		Client: s.client, Leader: s, Applications: func() []discovery.Application { return s.present },
		Last: func(string) *tick.Basis { return s.last }, Step: step, Clock: s.clock, Observer: s,
	})
	return s
}

// plan makes a plan of the served forecast now; ahead is the longer one.
func (s *site) plan(served []float64, ahead scripted) {
	s.Helper()
	services := make([]estimator.Service, 0, len(s.shop.Services))
	bounds := map[estimator.Service]plan.Bounds{}
	for _, x := range s.shop.Services {
		services = append(services, x.Service)
		bounds[x.Service] = x.Bounds
	}
	f := estimator.NewForecast(services, 1, step)
	copy(f.Replicas, served)
	p, err := plan.Make(plan.DefaultConfig(), f, bounds, plan.Observed{}, s.clock.Now())
	if err != nil {
		s.Fatal(err)
	}
	s.last = &tick.Basis{
		Application: "shop", Window: &estimator.Window{Services: services}, Plan: p,
		Model: tick.Model{Plan: plan.DefaultConfig(), Ahead: ahead},
	}
}

func (s *site) turn() {
	s.Helper()
	if err := s.writer.turn(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// wants checks the buffers in the cluster, such as "shop/deepscaler-cart 3".
func (s *site) wants(when string, want ...string) {
	s.Helper()
	list, err := s.client.Tracker().List(Resource(), schema.GroupVersionKind{Group: Resource().Group, Version: Resource().Version, Kind: "CapacityBuffer"}, "")
	if err != nil {
		s.Fatal(err)
	}
	got := []string(nil)
	for _, o := range list.(*unstructured.UnstructuredList).Items {
		replicas, _, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
		if err != nil {
			s.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s/%s %d", o.GetNamespace(), o.GetName(), replicas))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// writes returns the verbs of the requests that change something, and forgets them.
func (s *site) writes() (verbs []string) {
	for _, a := range s.client.Actions() {
		if a.GetVerb() != "list" {
			verbs = append(verbs, a.GetVerb())
		}
	}
	s.client.ClearActions()
	return verbs
}

func TestLacking(t *testing.T) {
	unknown := math.NaN()
	for name, c := range map[string]struct {
		served, ahead float64
		change        func(*discovery.Service)
		want          int
	}{
		"a rise":                   {2, 4.5, nil, 3},
		"within the tolerance":     {2, 4.04, nil, 2},
		"no rise":                  {4, 3, nil, 0},
		"up to the maximum":        {2, 40, nil, 8},
		"pods wait for their end":  {2, 6, func(s *discovery.Service) { s.Pods = new(5) }, 1},
		"pods are counted late":    {5, 6, func(s *discovery.Service) { s.Pods = new(2) }, 1},
		"no plan":                  {unknown, 6, nil, 0},
		"no forecast that far":     {2, unknown, nil, 0},
		"in shadow":                {2, 6, func(s *discovery.Service) { s.Mode = discovery.Shadow }, 0},
		"more than most in a step": {9, 9, func(s *discovery.Service) { s.Pods = new(12) }, 0},
	} {
		s := newSite(t)
		if c.change != nil {
			c.change(&s.shop.Services[0])
		}
		s.plan([]float64{c.served, 1}, scripted{c.ahead, 1})
		got, err := lacking(t.Context(), s.last, s.shop.Services)
		if err != nil {
			t.Fatal(err)
		}
		if got[s.shop.Services[0].Service] != c.want {
			t.Errorf("%s: room for %v pods, want %d", name, got, c.want)
		}
	}
}

func TestBuffersFollowTheForecast(t *testing.T) {
	s := newSite(t)
	s.plan([]float64{2, 1}, scripted{5, 1})
	s.turn()
	s.wants("cart will grow", "shop/deepscaler-cart 3")
	if diff := cmp.Diff(map[types.NamespacedName]int{{Namespace: "shop", Name: "deepscaler-cart"}: 3}, s.buffered); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	got, err := s.client.Tracker().Get(Resource(), "shop", "deepscaler-cart")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"apiVersion": "autoscaling.x-k8s.io/v1beta1", "kind": "CapacityBuffer",
		"metadata": map[string]any{
			"namespace": "shop", "name": "deepscaler-cart",
			"labels":          map[string]any{"app.kubernetes.io/managed-by": "deepscaler", "deepscaler.io/application": "shop"},
			"ownerReferences": []any{map[string]any{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "cart-hpa", "uid": "uid-cart"}},
		},
		"spec": map[string]any{"scalableRef": map[string]any{"apiGroup": "apps", "kind": "Deployment", "name": "cart"}, "replicas": int64(3)},
	}
	if diff := cmp.Diff(want, got.(*unstructured.Unstructured).Object); diff != "" {
		t.Errorf("the buffer (-want +got):\n%s", diff)
	}
	s.writes()

	s.turn()
	if verbs := s.writes(); verbs != nil {
		t.Errorf("an unchanged forecast is written by %v", verbs)
	}
	s.plan([]float64{4, 1}, scripted{5, 3})
	s.turn()
	s.wants("cart has grown, web will", "shop/deepscaler-cart 1", "shop/deepscaler-web 2")
	s.plan([]float64{5, 3}, scripted{5, 3})
	s.turn()
	s.wants("all have grown", "shop/deepscaler-cart 0", "shop/deepscaler-web 0")
	s.present[0].Services[0].Autoscaler.UID = "recreated"
	s.writes()
	s.turn()
	if diff := cmp.Diff([]string{"patch"}, s.writes()); diff != "" {
		t.Errorf("a new autoscaler owns the buffer (-want +got):\n%s", diff)
	}
}

func TestBuffersGo(t *testing.T) {
	for name, change := range map[string]func(s *site){
		"the service is not scaled any more": func(s *site) { s.present[0].Services = s.shop.Services[1:] },
		"the application is gone":            func(s *site) { s.present = nil },
		"nodes are not asked for any more":   func(s *site) { s.last.Model.Ahead = nil },
	} {
		s := newSite(t, other())
		s.plan([]float64{2, 1}, scripted{5, 1})
		s.turn()
		s.wants("before", "shop/deepscaler-cart 3", "shop/mine 7")
		change(s)
		s.turn()
		s.wants(name, "shop/mine 7")
	}
}

// other is the buffer of somebody else.
func other() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": Resource().GroupVersion().String(), "kind": "CapacityBuffer",
		"metadata": map[string]any{"namespace": "shop", "name": "mine"}, "spec": map[string]any{"replicas": int64(7)},
	}}
}

func TestStaleDataAsksForNothing(t *testing.T) {
	s := newSite(t)
	s.plan([]float64{2, 1}, scripted{5, 1})
	s.clock.Step(2*step + time.Second)
	s.turn()
	s.wants("nothing is created by stale data")
	s.plan([]float64{2, 1}, scripted{5, 1})
	s.turn()
	s.wants("the plan is fresh", "shop/deepscaler-cart 3")
	s.clock.Step(2*step + time.Second)
	s.turn()
	s.wants("no plan for more than two steps", "shop/deepscaler-cart 0")
	s.plan([]float64{2, 1}, nil)
	s.turn()
	s.wants("no forecast that far", "shop/deepscaler-cart 0")
}

// A new leader leaves what the one before wrote until it has a plan of its own, but not for ever.
func TestNewLeader(t *testing.T) {
	s := newSite(t)
	s.plan([]float64{2, 1}, scripted{5, 1})
	s.turn()
	s.leads = false
	s.last = nil
	s.writes()
	s.turn()
	if verbs := s.writes(); verbs != nil || s.buffered != nil {
		t.Errorf("a replica that does not lead writes %v and reports %v", verbs, s.buffered)
	}
	s.clock.Step(time.Hour)
	s.leads = true
	s.turn()
	s.wants("before the first plan", "shop/deepscaler-cart 3")
	s.clock.Step(2*step + time.Second)
	s.turn()
	s.wants("no plan comes", "shop/deepscaler-cart 0")
}

func TestProblems(t *testing.T) {
	s := newSite(t)
	s.plan([]float64{2, 1}, scripted{5, 3})
	s.client.PrependReactor("create", "capacitybuffers", func(a clienttesting.Action) (bool, runtime.Object, error) {
		o := a.(clienttesting.CreateAction).GetObject().(*unstructured.Unstructured)
		return o.GetName() == "deepscaler-cart", nil, errors.New("denied")
	})
	if err := s.writer.turn(t.Context()); err == nil || !strings.Contains(err.Error(), "shop/deepscaler-cart: denied") || s.failed != 1 {
		t.Errorf("error %v, %d failures", err, s.failed)
	}
	s.wants("the others go on", "shop/deepscaler-web 2")
	s.client.PrependReactor("list", "capacitybuffers", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewNotFound(Resource().GroupResource(), "")
	})
	if err := s.writer.turn(t.Context()); err == nil || !strings.Contains(err.Error(), "custom resource definitions") {
		t.Errorf("without the definition: error %v", err)
	}
}

// What others add to a buffer stays.
func TestOtherFieldsStay(t *testing.T) {
	s := newSite(t)
	s.plan([]float64{2, 1}, scripted{5, 1})
	s.turn()
	got, err := s.client.Tracker().Get(Resource(), "shop", "deepscaler-cart")
	if err != nil {
		t.Fatal(err)
	}
	changed := got.(*unstructured.Unstructured).DeepCopy()
	if err := unstructured.SetNestedField(changed.Object, "8", "spec", "limits", "cpu"); err != nil {
		t.Fatal(err)
	}
	if err := s.client.Tracker().Update(Resource(), changed, "shop"); err != nil {
		t.Fatal(err)
	}
	s.plan([]float64{2, 1}, scripted{6, 1})
	s.turn()
	s.wants("the forecast rises", "shop/deepscaler-cart 4")
	if got, err = s.client.Tracker().Get(Resource(), "shop", "deepscaler-cart"); err != nil {
		t.Fatal(err)
	}
	if limit, _, err := unstructured.NestedString(got.(*unstructured.Unstructured).Object, "spec", "limits", "cpu"); limit != "8" || err != nil {
		t.Errorf("the limit is %q, %v", limit, err)
	}
}

package capacitybuffer

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

const step = 15 * time.Second

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

package capacitybuffer

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

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

package plan_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// A plan keeps the links between its own services, under the names that these have in it.
func TestLinks(t *testing.T) {
	web, cart := estimator.Service{Namespace: "shop", Name: "web"}, estimator.Service{Namespace: "shop", Name: "cart"}
	w := estimator.NewWindow([]estimator.Service{cart, web}, nil, 1, time.Second, time.Time{})
	w.Calls = &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 1, Rate: 7}, {Source: 1, Destination: 0, Rate: 21},
	}}
	f := estimator.NewForecast(w.Services, 1, time.Second)
	p, err := plan.Make(plan.DefaultConfig(), f, map[estimator.Service]plan.Bounds{web: {Min: 1, Max: 9}, cart: {Min: 1, Max: 9}}, plan.Observed{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	model := []estimator.Service{{Name: "web"}, {Name: "gone"}, {Name: "cart"}}
	computed := 0
	p = p.WithLinks(func() plan.Links {
		computed++
		return plan.Links{
			Calls:    plan.CallLinks(w, func(estimator.Call) float64 { return 1 }),
			Expected: plan.CallLinks(w, func(c estimator.Call) float64 { return float64(3 + c.Source) }),
			Affinity: plan.AffinityLinks(model, []float32{
				0.5, 0.3, 0.25,
				0.9, 0.9, 0.9,
				0.01, 0.9, 0.5,
			}, 0.05),
		}
	})
	if computed != 0 {
		t.Error("links were computed before they were read")
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() { p.Links() })
	}
	readers.Wait()
	got := p.Links()
	if computed != 1 {
		t.Errorf("links were computed %d times, want once for all readers", computed)
	}
	want := plan.Links{
		Calls:    []plan.Link{{Destination: web, Value: 7}, {Source: web, Destination: cart, Value: 21}},
		Expected: []plan.Link{{Destination: web, Value: 14}, {Source: web, Destination: cart, Value: 84}},
		Affinity: []plan.Link{{Source: web, Destination: cart, Value: 0.25}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

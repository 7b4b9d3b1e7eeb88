package externalmetrics

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// An autoscaler that is deleted while its application is being planned, and one
// that is created meanwhile.
func TestServicesChangeDuringATick(t *testing.T) {
	b, _ := board(t)
	old := planOf(t, noon, map[discovery.Service]float64{web: 3, cart: 4})
	latecomer := service("shop", "latecomer", "shop")
	b.Assign([]discovery.Application{{Name: "shop", Services: []discovery.Service{cart, latecomer}}})

	if items, err := read(t, b, "shop", "service=cart"); err != nil || items[0].Value != 2 {
		t.Errorf("a service that stays: %v, %v, want the plan it had", items, err)
	}
	b.Publish(tick.Result{Application: "shop", Plan: old, At: noon})
	b.Publish(tick.Result{Application: "money", Plan: old, At: noon})
	if _, err := read(t, b, "shop", "service=web"); !apierrors.IsNotFound(err) {
		t.Errorf("a deleted service that is still in the plan: %v", err)
	}
	if _, err := read(t, b, "shop", "service=billing"); !apierrors.IsNotFound(err) {
		t.Errorf("a service of a deleted application: %v", err)
	}
	if _, err := read(t, b, "shop", "service=latecomer"); !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), "joined") {
		t.Errorf("a service that is not in the plan yet: %v", err)
	}
	if items, err := read(t, b, "shop", "service=cart"); err != nil || items[0].Value != 4 {
		t.Errorf("a service that stays: %v, %v, want the new plan", items, err)
	}
}

func TestAServiceMovesToAnotherApplication(t *testing.T) {
	b, _ := board(t)
	moved := service("shop", "web", "front")
	b.Assign([]discovery.Application{{Name: "front", Services: []discovery.Service{moved}}, {Name: "shop", Services: []discovery.Service{cart}}})
	if _, err := read(t, b, "shop", "service=web"); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("before its new application has a plan: %v", err)
	}
	latest := map[string]bool{}
	for name, o := range b.Latest() {
		latest[name] = o != nil
	}
	if len(latest) != 2 || latest["front"] || !latest["shop"] {
		t.Errorf("applications with an outcome: %v", latest)
	}
}

func TestReadersNeverWaitForWriters(t *testing.T) {
	b, _ := board(t)
	results := []tick.Result{{Application: "shop", Plan: planOf(t, noon, map[discovery.Service]float64{web: 3, cart: 1}), At: noon}, {Application: "shop", Failure: refused, At: noon}}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	writers.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				b.Publish(results[i%2])
				b.Assign([]discovery.Application{{Name: "shop", Services: []discovery.Service{cart, web}}})
			}
		}
	})
	for range 2000 {
		items, err := read(t, b, "shop", "service=web")
		if err == nil && items[0].Value != 3 && items[0].Value != 13 || err != nil && !apierrors.IsServiceUnavailable(err) {
			t.Errorf("read %v, %v", items, err)
		}
		for range b.Current() {
			break
		}
	}
	close(stop)
	writers.Wait()
}

// An answer about several services is of one plan, also while the next one is published.
func TestAnAnswerIsOfOnePlan(t *testing.T) {
	b, c := board(t)
	var shop []discovery.Service
	for i := range 40 {
		shop = append(shop, service("shop", fmt.Sprintf("service-%02d", i), "shop"))
	}
	b.Assign([]discovery.Application{{Name: "shop", Services: shop}})
	var plans []*plan.Plan
	for replicas := 1.0; replicas <= 2; replicas++ {
		need := map[discovery.Service]float64{}
		for _, s := range shop {
			need[s] = replicas
		}
		plans = append(plans, planOf(t, c.Now(), need))
	}
	done := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				b.Publish(tick.Result{Application: "shop", Plan: plans[i%2], At: c.Now()})
			}
		}
	})
	defer publishing.Wait()
	defer close(done)
	for torn, reads := 0, 0; reads < 5000 && torn == 0; reads++ {
		list, err := b.read("shop", labels.Everything(), discovery.Metric)
		if err != nil {
			continue // nothing is published yet
		}
		for _, item := range list.Items {
			if first := list.Items[0].Value; item.Value.Value() != first.Value() {
				t.Errorf("%s has %d replicas, %s has %d", list.Items[0].MetricLabels, first.Value(), item.MetricLabels, item.Value.Value())
				torn++
				break
			}
		}
		readings, err := b.Readings("shop", labels.Everything())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range readings {
			if r.Outcome != readings[0].Outcome {
				t.Fatal("readings are of two outcomes")
			}
		}
		var current []int
		for _, d := range b.Current() {
			current = append(current, d.Replicas)
		}
		if len(current) > 0 && slices.Min(current) != slices.Max(current) {
			t.Errorf("the exported numbers are %v", current)
			torn++
		}
	}
}

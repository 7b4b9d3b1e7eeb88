package externalmetrics

import (
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
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

package explain

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// What a reader of one namespace sees of an application must not name services of another.
func TestLinksStayWithinTheNamespace(t *testing.T) {
	web, cart := estimator.Service{Namespace: "shop", Name: "web"}, estimator.Service{Namespace: "shop", Name: "cart"}
	vault := estimator.Service{Namespace: "bank", Name: "vault"}
	links := []plan.Link{
		{Destination: web, Value: 100}, {Source: web, Destination: cart, Value: 60},
		{Source: cart, Destination: vault, Value: 5}, {Source: vault, Destination: web, Value: 6}, {Destination: vault, Value: 7},
	}
	want := []Link{{"", "web", 100}, {"web", "cart", 60}}
	if diff := cmp.Diff(want, within("shop", links)); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

func TestUnknownNumbersAreNull(t *testing.T) {
	text, err := json.Marshal([]Number{1.25, Number(math.NaN()), Number(math.Inf(1)), 0})
	if err != nil || string(text) != "[1.25,null,null,0]" {
		t.Errorf("%s, %v", text, err)
	}
	var back []Number
	if err := json.Unmarshal(text, &back); err != nil || back[0] != 1.25 || back[1].Known() || !back[3].Known() {
		t.Errorf("read %v, %v", back, err)
	}
}

func TestWords(t *testing.T) {
	five, two := 5, 2
	detail := &Detail{
		Lead: Duration(time.Minute), Theory: 3.9, Season: 0.4, Elsewhere: 2, Levels: []float64{0.5},
		Horizon:    []Coming{{Quantiles: []Number{4.1}}, {Quantiles: []Number{4.3}}},
		Inputs:     []Input{{Feature: "replicas", Values: []Number{4}}, {Feature: "cpu", Values: []Number{Number(math.NaN())}}},
		Neighbours: []Neighbour{{Name: "web", Effect: 0.6}, {Name: "cart", Effect: -0.2}, {Name: "idle", Effect: 0.01}},
	}
	application := Application{Trust: &Trust{Value: 0.5, Level: "cautious", Reason: "the SLO was violated"}}
	for name, c := range map[string]struct {
		service Service
		want    []string
	}{
		"a model": {Service{Name: "web", Desired: &five, Need: 4.6, Estimator: "network", Model: "0123456789abcdef"}, []string{
			"web is to have 5 replicas: within the next 1m0s it needs 4.60.", "Now 4 pods are ready, its cpu cannot be seen.",
			"The model 0123456789ab forecast the need (4.30 at the quantile 0.5); queueing theory alone would say 3.90.",
			"The trust in the model is 0.50 (cautious), because the SLO was violated.", "The season of the load changes the need by +0.40 replicas.",
			"Moved by what is not as usual: its own load +0.60, cart -0.20 replicas.", "2 more of its neighbours are in other namespaces.",
		}},
		"at the maximum, in shadow": {Service{Name: "web", Desired: &five, Served: &two, Need: 9, Clamp: "max", Max: 5, Estimator: "hab"}, []string{
			"but its autoscaler allows 5 at most", "its autoscaler is told 2", "Queueing theory (hab) forecast the need.",
		}},
		"no number": {Service{Name: "web", Problem: "none of its pods is ready", Need: Number(math.NaN())}, []string{
			"There is no number for web: none of its pods is ready.",
		}},
		"no pods": {Service{Name: "web", Desired: &two, Need: Number(math.NaN())}, []string{"since it has no pods now"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(words(c.service, application, detail), "\n")
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("the words lack %q:\n%s", want, got)
				}
			}
		})
	}
}

// Without the parameter, and outside of the metric, requests pass on.
func TestAroundPassesOn(t *testing.T) {
	passed := 0
	h := Around(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ }), nil)
	for _, target := range []string{"/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_desired_replicas", "/metrics?explain=true"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil))
	}
	if passed != 2 {
		t.Errorf("passed on %d of 2 requests", passed)
	}
}

// A plan is made before it is published, and reads go on meanwhile.
func TestExplanationsAreOfThePlanThatServes(t *testing.T) {
	m := NewMemory()
	var made [3]*tick.Basis
	for i := range made {
		made[i] = &tick.Basis{Application: "shop", Window: &estimator.Window{}, Plan: new(plan.Plan)}
		m.Planned(t.Context(), made[i])
	}
	for i, want := range []*tick.Basis{made[2], made[1], made[2]} { // the first is forgotten
		if got := m.of("shop", made[i].Plan).basis; got != want {
			t.Errorf("plan %d is explained by another", i)
		}
	}
	if got := len(m.of("shop", made[1].Plan).recent); got != 2 {
		t.Errorf("%d moments by then, want 2", got)
	}
}

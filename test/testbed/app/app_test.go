package app

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, name string) *Application {
	t.Helper()
	a, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBuiltin(t *testing.T) {
	for name, services := range map[string]int{"bookinfo": 4, "online-boutique": 10, "train-ticket": 41} {
		a := load(t, name)
		if a.Name != name || len(a.Services) != services {
			t.Errorf("%s: have the name %q and %d services, want %d", name, a.Name, len(a.Services), services)
		}
	}
	if got := Builtin(); len(got) != 3 {
		t.Errorf("builtin applications are %q, the test knows 3", got)
	}
}

// The calls of each task, counted in the sources of Train-Ticket.
func TestTrainTicketCallsPerJourney(t *testing.T) {
	want := map[string]float64{
		"query_admin_basic_config": 3, "query_advanced_ticket[ShangHai-SuZhou]": 93,
		"query_advanced_ticket[SuZhou-ShangHai]": 225, "query_advanced_ticket[NanJing-ShangHai]": 294,
		"query_and_preserve[high-speed]": 130, "query_and_preserve[normal]": 142,
		"query_admin_basic_price": 3, "query_and_cancel[order]": 10, "query_and_cancel[order-other]": 10,
		"query_and_collect_ticket[order]": 7, "query_and_collect_ticket[order-other]": 8,
		"query_and_enter_station[order]": 7, "query_and_enter_station[order-other]": 8,
		"query_and_put_consign": 7, "query_and_rebook": 64.5, "query_food": 8, "query_order_and_pay": 995,
		"query_route": 2, "query_travel_left_parallel": 124, "query_travel_left": 56,
	}
	a := load(t, "train-ticket")
	if len(a.Users.Journeys) != len(want) {
		t.Errorf("%d journeys, want %d", len(a.Users.Journeys), len(want))
	}
	for i, j := range a.Users.Journeys {
		weights := make([]float64, len(a.Users.Journeys))
		weights[i] = 1
		v, err := a.Visits(weights)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(v.Calls-want[j.Name]) > 1e-9 {
			t.Errorf("%s makes %v calls, want %v", j.Name, v.Calls, want[j.Name])
		}
	}
}

// Requests per request to the front, as measured on a running Online Boutique:
// within 2 % for the mix of its load generator, within 12 % for the part of the
// trace in which the weights were changed and some services were saturated.
func TestOnlineBoutiqueVisitRatios(t *testing.T) {
	for _, c := range []struct {
		mix       string
		tolerance float64
		measured  map[string]float64
	}{
		{DefaultMix, 0.02, map[string]float64{
			"adservice": 0.568, "cartservice": 0.969, "checkoutservice": 0.033, "currencyservice": 3.032,
			"emailservice": 0.033, "paymentservice": 0.033, "productcatalogservice": 5.475,
			"recommendationservice": 0.701, "shippingservice": 0.265,
		}},
		{"checkout-heavy", 0.12, map[string]float64{
			"adservice": 0.343, "cartservice": 0.939, "checkoutservice": 0.099, "currencyservice": 3.196,
			"productcatalogservice": 4.028, "recommendationservice": 0.5, "shippingservice": 0.425,
		}},
	} {
		a := load(t, "online-boutique")
		weights, err := a.Users.Mix(c.mix)
		if err != nil {
			t.Fatal(err)
		}
		v, err := a.Visits(weights)
		if err != nil {
			t.Fatal(err)
		}
		for service, want := range c.measured {
			got := v.Services[a.Service(service)] / v.Services[a.Service("frontend")]
			if math.Abs(got-want) > c.tolerance*want+0.0005 {
				t.Errorf("%s: %s has a visit ratio of %.3f, measured %.3f", c.mix, service, got, want)
			}
		}
	}
}

func TestVisitsOfSession(t *testing.T) {
	a := load(t, "online-boutique")
	s, err := a.Users.Session("shopper")
	if err != nil {
		t.Fatal(err)
	}
	weights, err := a.Users.SessionMix(s)
	if err != nil {
		t.Fatal(err)
	}
	// Visits of the chain solve v = start + v·P.
	start, chain := s.Chain()
	for j, st := range s.States {
		flow := start[j]
		for i, from := range s.States {
			flow += weights[a.Users.Journey(from.Journey)] * chain[i][j]
		}
		if got := weights[a.Users.Journey(st.Journey)]; math.Abs(got-flow) > 1e-9 {
			t.Errorf("state %s is visited %v times, flows into it sum to %v", st.Name, got, flow)
		}
	}
}

func TestDefaultsAreInherited(t *testing.T) {
	a, err := Decode([]byte(`
apiVersion: testbed.deepscaler.io/v1alpha1
kind: Application
name: small
slo: {latency: 1s}
defaults: {queue: 7, demand: {cpu: 2ms, distribution: lognormal, cv: 3}}
services:
- name: a
  replicas: 1
  resources: {limits: {cpu: 250m, memory: 1Mi}}
  timeout: 3s
  demand: {latency: 4ms}
  endpoints:
  - {name: x}
  - {name: y, demand: {distribution: constant, cpu: 9ms}}
users: {journeys: [{name: j, weight: 1, steps: [{service: a, endpoint: x}]}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	ms := func(n int) Duration { return Duration(time.Duration(n) * time.Millisecond) }
	s := a.Services[0]
	if s.Queue != 7 || s.Timeout != ms(3000) || s.Concurrency != 100 || s.Resources.Limits.CPU != 0.25 {
		t.Errorf("the service is %+v", s)
	}
	if diff := cmp.Diff(Demand{CPU: ms(2), Latency: ms(4), Distribution: Lognormal, CV: 3}, s.Endpoints[0].Demand); diff != "" {
		t.Errorf("demand of x (-want +have):\n%s", diff)
	}
	if diff := cmp.Diff(Demand{CPU: ms(9), Latency: ms(4), Distribution: Constant}, s.Endpoints[1].Demand); diff != "" {
		t.Errorf("demand of y (-want +have):\n%s", diff)
	}
}

func TestLoadUnknown(t *testing.T) {
	if _, err := Load("no-such-application"); err == nil || !strings.Contains(err.Error(), "online-boutique") {
		t.Errorf("the error should name the builtin applications, have %v", err)
	}
}

package telemetry

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

const faultSteps = 12

// rows are the values of a service at every step; the last one holds on.
type rows map[estimator.Feature][]float64

// usual is a service that needs 3.7 of its four replicas.
func usual(latency float64) rows {
	return rows{estimator.Replicas: {4}, estimator.CPU: {0.6}, estimator.Latency: {latency}, estimator.Requests: {100}, estimator.Memory: {0.4}}
}

// with returns r with another feature: n times the first value, and then the others.
func (r rows) with(f estimator.Feature, first float64, n int, then ...float64) rows {
	values := slices.Repeat([]float64{first}, n)
	r[f] = append(values, then...)
	return r
}

func (r rows) at(f estimator.Feature, t int) string {
	if v := r[f]; len(v) > 0 {
		return fmt.Sprint(v[min(t, len(v)-1)])
	}
	return ""
}

// serving returns a Prometheus that knows web and cart so.
func serving(t *testing.T, both map[estimator.Service]rows) *fakePrometheus {
	t.Helper()
	fake := newFake(t)
	for _, f := range estimator.DefaultFeatures() {
		fake.series[string(f)] = nil
		for service, r := range both {
			series := of(service, "")
			series.at = func(at time.Time) string { return r.at(f, faultSteps-1-int(testEnd.Sub(at)/testStep)) }
			fake.series[string(f)] = append(fake.series[string(f)], series)
		}
	}
	fake.series[CallsQuery] = []fakeSeries{call("istio-system", "gateway", web, "100"), call("shop", "web", cart, "100")}
	return fake
}

// faultSource is a source of windows that the estimators are used to.
func faultSource(t *testing.T, prometheus http.Handler, adjust ...func(*Config)) *Source {
	t.Helper()
	s := newSource(t, prometheus, adjust...)
	s.steps = faultSteps
	return s
}

// planned returns the replicas that are planned for web and cart.
func planned(t *testing.T, w *estimator.Window) (ofWeb, ofCart int) {
	t.Helper()
	hab, err := queueing.NewHAB(queueing.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	mmn, err := queueing.NewMMN(queueing.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	forecast, err := estimator.First(hab, mmn).Estimate(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	bounds := map[estimator.Service]plan.Bounds{web: {Min: 1, Max: 20}, cart: {Min: 1, Max: 20}}
	p, err := plan.Make(plan.DefaultConfig(), forecast, bounds, plan.Observed{Window: w}, testEnd)
	if err != nil {
		t.Fatal(err)
	}
	ofWeb, err = p.Replicas(web)
	ofCart, err2 := p.Replicas(cart)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return ofWeb, ofCart
}

// Streams that end are counted at once and are no burst; a burst is one.
func TestStreamsThatEndAreNoBurst(t *testing.T) {
	streams := func(first int, more ...float64) map[estimator.Service]rows {
		both := map[estimator.Service]rows{}
		for _, s := range []estimator.Service{web, cart} {
			both[s] = usual(0.05).with(estimator.Requests, 1, first, more...).
				with(estimator.Latency, 0.05, first, slices.Repeat([]float64{1200}, len(more))...)
		}
		return both
	}
	burst := func() map[estimator.Service]rows {
		both := map[estimator.Service]rows{}
		for _, s := range []estimator.Service{web, cart} {
			both[s] = usual(0.05).with(estimator.Requests, 100, 9, 160).with(estimator.CPU, 0.6, 9, 1).with(estimator.Latency, 0.05, 9, 1, 3)
		}
		return both
	}
	long := map[estimator.Service]rows{}
	for _, s := range []estimator.Service{web, cart} {
		long[s] = usual(3600).with(estimator.Requests, 1, 11, 40)
	}
	recovered := streams(10, 21)
	for _, r := range recovered {
		r.with(estimator.Requests, 1, 10, 21, 1).with(estimator.Latency, 0.05, 10, 1200, 0.05)
	}
	for name, tc := range map[string]struct {
		both   map[estimator.Service]rows
		least  int
		most   int
		bounds bool
	}{
		"usual load":                     {map[estimator.Service]rows{web: usual(0.05), cart: usual(0.02)}, 4, 4, false},
		"streams end in the last step":   {streams(11, 21), 4, 4, true},
		"streams end a step before that": {recovered, 4, 4, true},
		"streams end for three steps":    {streams(9, 21, 50, 90), 4, 4, true},
		"nothing but streams":            {long, 1, 4, true},
		"a burst":                        {burst(), 9, 20, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, warnings, err := faultSource(t, serving(t, tc.both)).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err != nil {
				t.Fatal(err)
			}
			if bounded := slices.ContainsFunc(warnings, func(e *Error) bool { return e.Kind == Streams }); bounded != tc.bounds {
				t.Errorf("warnings %v, want one of streams: %v", warnings, tc.bounds)
			}
			if ofWeb, ofCart := planned(t, w); min(ofWeb, ofCart) < tc.least || max(ofWeb, ofCart) > tc.most {
				t.Errorf("%d and %d are planned, want %d to %d", ofWeb, ofCart, tc.least, tc.most)
			}
		})
	}
}

func TestGraphWithoutSources(t *testing.T) {
	for name, tc := range map[string]struct {
		source func(map[string]string)
		want   Kind
	}{
		"removed": {func(labels map[string]string) {
			delete(labels, "source_workload")
			delete(labels, "source_workload_namespace")
		}, Sourceless},
		"unknown": {func(labels map[string]string) { labels["source_workload"] = "unknown" }, ""},
	} {
		fake := newFake(t)
		for _, s := range fake.series[CallsQuery] {
			tc.source(s.labels)
		}
		w, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
		if err != nil {
			t.Fatal(err)
		}
		if tc.want == "" != (len(warnings) == 0) || len(warnings) > 0 && warnings[0].Kind != tc.want || (w.Calls == nil) != (tc.want != "") {
			t.Errorf("%s: warnings %v and calls %v, want %q", name, warnings, w.Calls, tc.want)
		}
	}
}

// Samples that always come late are told from scraping that has stopped, and an
// offset cures them.
func TestSamplesThatComeLate(t *testing.T) {
	fake := newFake(t)
	fake.now = testEnd.Add(-testStep)
	s := newSource(t, fake)
	reasons := func(step time.Duration) (reasons []Kind) {
		for range 3 {
			_, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd.Add(time.Duration(len(reasons))*testStep))
			var e *Error
			if !errors.As(err, &e) || e.Kind != Stale {
				t.Fatalf("error %v, want it stale", err)
			}
			reasons = append(reasons, e.Reason)
			fake.now = fake.now.Add(step)
		}
		return reasons
	}
	if got := reasons(testStep); !slices.Equal(got, []Kind{"", Late, Late}) {
		t.Errorf("late samples have the reasons %q", got)
	}
	s, fake.now = newSource(t, fake), testEnd.Add(-testStep)
	fake.now = testEnd.Add(-testStep)
	if got := reasons(0); !slices.Equal(got, []Kind{"", "", ""}) {
		t.Errorf("after scraping stopped, the reasons are %q", got)
	}
	fake.now = testEnd.Add(-testStep)
	s = newSource(t, fake, func(c *Config) { c.Prometheus.Offset = testStep })
	w, _, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil || !w.End.Equal(testEnd.Add(-testStep)) {
		t.Errorf("with the offset, error %v", err)
	}
}

func TestServicesUnderSimilarNames(t *testing.T) {
	fake := newFake(t)
	rollout := of(estimator.Service{Namespace: "shop", Name: "cart-6b7c8d9f4"}, "1")
	fake.series["requests"] = []fakeSeries{fake.series["requests"][0], rollout} // web's and a Rollout's
	_, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || warnings[0].Kind != Misnamed || !strings.Contains(warnings[0].Explain(), "shop/cart has none, but cart-6b7c8d9f4 has") {
		t.Errorf("warnings %v", warnings)
	}
}

func TestMoreThanIsAllowed(t *testing.T) {
	for name, tc := range map[string]struct {
		last []float64
		want bool
	}{
		"all the time":          {[]float64{1.2, 1.3, 1.2}, true},
		"for a moment":          {[]float64{0.9, 1.3, 1.2}, false},
		"at the limit":          {[]float64{1.05, 1.05, 1.05}, false},
		"with a sample missing": {[]float64{1.2, math.NaN(), 1.2}, false},
	} {
		w := estimator.NewWindow([]estimator.Service{cart}, estimator.DefaultFeatures(), len(tc.last), testStep, testEnd)
		for t, v := range tc.last {
			w.Set(0, t, 1, v)
		}
		if got := overused(w); (len(got) > 0) != tc.want {
			t.Errorf("%s: found %v", name, got)
		}
	}
}

func TestRequestsAndCallsThatDifferByAFactor(t *testing.T) {
	for name, tc := range map[string]struct {
		requests, fromWeb, fromOutside float64
		want                           bool
	}{
		"the same":              {100, 60, 40, false},
		"twice the calls":       {200, 60, 40, true},
		"both reporters, noise": {198.5, 60, 40, true},
		"a third of the calls":  {33.4, 60, 40, true},
		"no whole factor":       {150, 60, 40, false},
		"hardly any":            {0.2, 0.1, 0, false},
		"never called":          {100, 0, 0, false},
		"unknown requests":      {math.NaN(), 60, 40, false},
	} {
		w := estimator.NewWindow([]estimator.Service{cart, web}, estimator.DefaultFeatures(), 3, testStep, testEnd)
		for step := range w.Steps {
			w.Set(0, step, w.Channel(estimator.Requests), tc.requests)
		}
		w.Calls = &estimator.CallGraph{Calls: []estimator.Call{{Source: estimator.Outside, Rate: tc.fromOutside}, {Source: 1, Rate: tc.fromWeb}}}
		if got := miscounted(w); (len(got) > 0) != tc.want {
			t.Errorf("%s: found %v", name, got)
		}
	}
}

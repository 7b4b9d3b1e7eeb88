package telemetry

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// until returns a series that ends after the given time.
func until(s estimator.Service, last time.Time) fakeSeries {
	series := of(s, "")
	series.at = func(at time.Time) string {
		if at.After(last) {
			return ""
		}
		return "7"
	}
	return series
}

func TestVanishedServiceIsMissingFromThenOn(t *testing.T) {
	fake := newFake(t)
	for _, f := range estimator.DefaultFeatures() {
		fake.series[string(f)][0] = until(web, testEnd.Add(-2*testStep))
	}
	w, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	for c, f := range w.Features {
		for step, want := range []float64{7, 7, math.NaN(), math.NaN()} {
			if got := w.At(1, step, c); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s of web at step %d is %v, want %v", f, step, got, want)
			}
			if math.IsNaN(w.At(0, step, c)) {
				t.Errorf("%s of cart is missing at step %d", f, step)
			}
		}
	}
}

func TestNewServiceIsMissingUntilItAppears(t *testing.T) {
	fake := newFake(t)
	fake.series["requests"][0].at = func(at time.Time) string {
		if at.Before(testEnd) {
			return ""
		}
		return "0"
	}
	w, _, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil {
		t.Fatal(err)
	}
	c := w.Channel(estimator.Requests)
	if got := w.At(1, testSteps-2, c); !math.IsNaN(got) {
		t.Errorf("requests before the first one are %v, want them missing", got)
	}
	if got := w.At(1, testSteps-1, c); got != 0 {
		t.Errorf("requests of a quiet service are %v, want 0", got)
	}
}

func TestNothingAtTheEndOfTheWindowIsStale(t *testing.T) {
	for _, feature := range []string{"replicas", "cpu", "requests"} {
		fake := newFake(t)
		fake.series[feature] = []fakeSeries{until(web, testEnd.Add(-testStep)), until(cart, testEnd.Add(-2*testStep))}
		_, _, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
		if !errors.Is(err, Stale) || !strings.Contains(Explain(err), feature+": ") || !strings.Contains(Explain(err), "the newest is 30s older") {
			t.Errorf("%s: error %v, want it stale by 30s", feature, err)
		}
	}
}

func TestClockSteps(t *testing.T) {
	fake := newFake(t)
	s := newSource(t, fake)
	services := []estimator.Service{web, cart}
	for name, tc := range map[string]struct {
		step time.Duration
		want Kind
	}{
		"a minute ahead": {time.Minute, Stale},
		"an hour ahead":  {time.Hour, NoData},
		"an hour behind": {-time.Hour, ""},
	} {
		w, _, err := s.Window(t.Context(), services, testEnd.Add(tc.step))
		if (tc.want == "") != (err == nil) || err != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: error %v, want %v", name, err, tc.want)
		}
		// The window of a clock that was set back says so by its End.
		if err == nil && !w.End.Equal(testEnd.Add(tc.step)) {
			t.Errorf("%s: window ends at %v", name, w.End)
		}
	}
}

func TestWindowsOfOneStepHaveTheSameColumns(t *testing.T) {
	s := newSource(t, newFake(t))
	for _, late := range []time.Duration{0, 1, time.Millisecond, testStep - 1} {
		w, _, err := s.Window(t.Context(), []estimator.Service{web}, testEnd.Add(late))
		if err != nil {
			t.Fatal(err)
		}
		if !w.End.Equal(testEnd) {
			t.Errorf("asked %v late, the window ends at %v, want %v", late, w.End, testEnd)
		}
	}
}

func TestLatencyIsMissingWithoutRequests(t *testing.T) {
	fake := newFake(t)
	fake.series["latency"] = []fakeSeries{of(web, "NaN"), of(cart, "NaN")}
	fake.series["requests"] = []fakeSeries{of(web, "0"), of(cart, "0")}
	w, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if got := w.At(0, 0, w.Channel(estimator.Latency)); !math.IsNaN(got) {
		t.Errorf("latency is %v, want it missing", got)
	}
}

func TestLatencyMayEndBeforeTheWindow(t *testing.T) {
	fake := newFake(t)
	fake.series["latency"] = []fakeSeries{until(web, testEnd.Add(-testStep))}
	_, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil || len(warnings) > 0 {
		t.Error(warnings, err)
	}
}

func TestLatencyThatIsNotCollectedIsReported(t *testing.T) {
	fake := newFake(t)
	fake.series["latency"] = nil
	_, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || warnings[0].Feature != "latency" || !errors.Is(warnings[0], NoData) {
		t.Errorf("warnings %v, want no data of latency", warnings)
	}
}

// rate notices the reset of a counter, and only if nothing is added up below it.
// The fake here does not evaluate PromQL, so this looks at how the queries are
// written.
func TestPresetsTakeRatesOfRawCounters(t *testing.T) {
	counter := regexp.MustCompile(`([a-z_(]*?)((?:istio|container|response|hubble|http|traces)_[a-z_]*(?:total|sum|count))\{`)
	for _, name := range Presets() {
		queries, _ := preset(name)
		seen := map[string]bool{}
		for query, text := range queries {
			for _, m := range counter.FindAllStringSubmatch(text, -1) {
				seen[query] = true
				// That a counter exists at all is asked by last_over_time.
				if !strings.HasSuffix(m[1], "rate(") && !strings.HasSuffix(m[1], "last_over_time(") {
					t.Errorf("%s.%s reads %s inside %q, want rate", name, query, m[2], m[1])
				}
			}
		}
		for _, query := range []string{"cpu", "latency", "requests", CallsQuery} {
			if !seen[query] {
				t.Errorf("%s.%s reads no counter", name, query)
			}
		}
	}
}

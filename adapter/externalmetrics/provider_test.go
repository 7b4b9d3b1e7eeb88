package externalmetrics

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

const step = 30 * time.Second

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func service(namespace, name, application string) discovery.Service {
	return discovery.Service{
		Service:     estimator.Service{Namespace: namespace, Name: name},
		Application: application,
		Bounds:      plan.Bounds{Min: 1, Max: 100},
	}
}

// planOf plans the given replicas; NaN is a service about which nothing is known.
func planOf(t testing.TB, made time.Time, need map[discovery.Service]float64) *plan.Plan {
	t.Helper()
	f := estimator.NewForecast(nil, 1, step)
	bounds := map[estimator.Service]plan.Bounds{}
	for s, n := range need {
		f.Services = append(f.Services, s.Service)
		f.Replicas = append(f.Replicas, n)
		bounds[s.Service] = s.Bounds
	}
	p, err := plan.Make(plan.DefaultConfig(), f, bounds, plan.Observed{}, made)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	web     = service("shop", "web", "shop")
	cart    = service("shop", "cart", "shop")
	mystery = service("shop", "mystery", "shop")
	billing = service("shop", "billing", "money")
	bank    = service("vault", "bank", "money")
)

// refused is an outage whose details change all the time.
var refused = &tick.Failure{Stage: tick.StageWindow, Reason: "prometheus: cannot be reached",
	Err: errors.New("dial tcp 10.0.0.7:9090: connection refused after 1.7s; query: sum(rate(x[1m]))")}

// board has a good plan for shop, of which one service is unknown, and a failed
// one for money, which spans two namespaces.
func board(t *testing.T) (*Board, *testclock.FakePassiveClock) {
	c := testclock.NewFakePassiveClock(noon)
	b := NewBoard(c, step)
	b.Assign([]discovery.Application{
		{Name: "money", Services: []discovery.Service{billing, bank}},
		{Name: "shop", Services: []discovery.Service{cart, mystery, web}},
	})
	b.Publish(tick.Result{Application: "shop", At: noon, Plan: planOf(t, noon.Add(-time.Second),
		map[discovery.Service]float64{web: 12.3, cart: 2, mystery: math.NaN()})})
	b.Publish(tick.Result{Application: "money", At: noon, Failure: refused})
	return b, c
}

type item struct {
	Service, Application string
	Value, Window        int64
	Timestamp            time.Time
}

func read(t *testing.T, b *Board, namespace, selector string) ([]item, error) {
	t.Helper()
	s, err := labels.Parse(selector)
	if err != nil {
		t.Fatal(err)
	}
	var codes []int
	p := NewProvider(b, func(code int) { codes = append(codes, code) })
	list, err := p.GetExternalMetric(t.Context(), namespace, s, provider.ExternalMetricInfo{Metric: discovery.Metric})
	want := http.StatusOK
	if err != nil {
		want = int(err.(apierrors.APIStatus).Status().Code)
		if list != nil {
			t.Errorf("list %+v beside error %v", list, err)
		}
	}
	if diff := cmp.Diff([]int{want}, codes); diff != "" {
		t.Errorf("observed codes (-want +got):\n%s", diff)
	}
	if err != nil {
		return nil, err
	}
	var items []item
	for _, i := range list.Items {
		if i.MetricName != discovery.Metric || len(i.MetricLabels) != 2 {
			t.Errorf("item %+v", i)
		}
		items = append(items, item{i.MetricLabels["service"], i.MetricLabels["application"], i.Value.Value(), *i.WindowSeconds, i.Timestamp.Time})
	}
	return items, nil
}

func TestReadServesOneItemPerMatchingService(t *testing.T) {
	b, _ := board(t)
	w := item{"web", "shop", 13, 30, noon.Add(-time.Second)}
	c := item{"cart", "shop", 2, 30, noon.Add(-time.Second)}
	for selector, want := range map[string][]item{
		"service=web":                          {w},
		"service=web,application=shop":         {w},
		"service in (web,cart)":                {c, w},
		"application=shop,service!=mystery":    {c, w},
		"service notin (mystery,billing)":      {c, w},
		"service,application,service in (web)": {w},
	} {
		got, err := read(t, b, "shop", selector)
		if err != nil {
			t.Errorf("%s: %v", selector, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", selector, diff)
		}
	}
}

func TestReadFailsWithAStatusThatSaysWhatToDo(t *testing.T) {
	b, _ := board(t)
	for _, c := range []struct {
		namespace, selector string
		code                int
		want                string
	}{
		{"shop", "service=absent", 404, "scaleTargetRef.name"},
		{"elsewhere", "service=web", 404, `namespace "elsewhere"`},
		{"vault", "service=web", 404, "no service"},
		{"shop", "service=web,application=money", 404, "no service"},
		{"shop", "service=mystery", 503, "no forecast"},
		{"shop", "service=billing", 503, "window: prometheus: cannot be reached"},
		{"vault", "service=bank", 503, "window: prometheus: cannot be reached"},
		// HPA sums: a part of the sum must not pass for the whole.
		{"shop", "service in (web,billing)", 503, "window: prometheus: cannot be reached"},
		{"shop", "application=shop", 503, "no forecast"},
		{"shop", "", 503, ""},
	} {
		_, err := read(t, b, c.namespace, c.selector)
		var status apierrors.APIStatus
		if !errors.As(err, &status) || int(status.Status().Code) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: error %v, want a status %d that says %q", c.namespace, c.selector, err, c.code, c.want)
		}
	}

	p := NewProvider(b, nil)
	if _, err := p.GetExternalMetric(t.Context(), "shop", labels.Everything(), provider.ExternalMetricInfo{Metric: "queue_length"}); !apierrors.IsNotFound(err) {
		t.Errorf("another metric: %v, want not found", err)
	}
	if diff := cmp.Diff([]provider.ExternalMetricInfo{{Metric: discovery.Metric}, {Metric: discovery.CallRateMetric}, {Metric: discovery.AffinityMetric}}, p.ListAllExternalMetrics()); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

func TestAStalePlanIsAnError(t *testing.T) {
	b, c := board(t)
	texts := map[string]bool{}
	for _, x := range []struct {
		age  time.Duration
		good bool
	}{
		{0, true}, {59 * time.Second, true}, {60 * time.Second, true}, {61 * time.Second, false},
		{24 * time.Hour, false}, {-time.Hour, false}, {-time.Second, true},
	} {
		c.SetTime(noon.Add(x.age))
		_, err := read(t, b, "shop", "service=web")
		if x.good != (err == nil) || err != nil && !apierrors.IsServiceUnavailable(err) {
			t.Errorf("at an age of %v: error %v", x.age, err)
		}
		if err != nil {
			texts[err.Error()] = true
		}
		n := 0
		for range b.Current() {
			n++
		}
		if want := map[bool]int{true: 2, false: 0}[x.good]; n != want {
			t.Errorf("at an age of %v: %d current services, want %d", x.age, n, want)
		}
	}
	if len(texts) != 1 {
		t.Errorf("one cause has the texts %v, each of which is another Event", texts)
	}
}

// One hiccup of Prometheus must not error every autoscaler: the last plan is served
// with the time at which it was made for as long as it is good.
func TestAFailedTickLeavesTheLastPlanUntilItIsTwoStepsOld(t *testing.T) {
	b, c := board(t)
	want := []item{{"web", "shop", 13, 30, noon.Add(-time.Second)}}
	for age := step; age <= 4*step; age += step {
		c.SetTime(noon.Add(age))
		b.Publish(tick.Result{Application: "shop", At: c.Now(), Failure: refused})
		got, err := read(t, b, "shop", "service=web")
		if age <= 2*step {
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("at an age of %v: %v (-want +got):\n%s", age, err, diff)
			}
			continue
		}
		if text := `application "shop" has no plan: window: prometheus: cannot be reached (details are in the adapter's log)`; err == nil || err.Error() != text {
			t.Errorf("at an age of %v: %v, %v, want the error %q", age, got, err, text)
		}
	}
	b.Publish(tick.Result{Application: "shop", At: c.Now(), Plan: planOf(t, c.Now(), map[discovery.Service]float64{web: 3})})
	if got, err := read(t, b, "shop", "service=web"); err != nil || got[0].Value != 3 || !got[0].Timestamp.Equal(c.Now()) {
		t.Errorf("after the outage: %v, %v", got, err)
	}
}

func TestReadBeforeAnythingIsKnown(t *testing.T) {
	b := NewBoard(testclock.NewFakePassiveClock(noon), step)
	if _, err := read(t, b, "shop", "service=web"); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("before autoscalers are listed: %v", err)
	}
	b.Publish(tick.Result{Application: "shop", Failure: refused})
	b.Assign([]discovery.Application{{Name: "shop", Services: []discovery.Service{web}}})
	if _, err := read(t, b, "shop", "service=web"); !apierrors.IsServiceUnavailable(err) || !strings.Contains(err.Error(), "no plan yet") {
		t.Errorf("before the first tick: %v", err)
	}
}

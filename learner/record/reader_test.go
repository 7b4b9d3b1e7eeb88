package record

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

// A reader reads as far back as there is something, the newest first.
func TestReaderStopsWhereHistoryBegins(t *testing.T) {
	b := newBench(t)
	began := testNow.Add(-1234 * testStep)
	b.fake.absent = func(_, _ string, at time.Time) bool { return at.Before(began) }
	config := strings.Replace(b.read("config.yaml"), `"telemetry":{`, fmt.Sprintf(`"telemetry":{"prometheus":{"url":%q},`, b.url), 1)
	if err := os.WriteFile(b.path("config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(b.path("config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	services := []estimator.Service{{Namespace: "shop", Name: "web"}, {Namespace: "shop", Name: "cart"}}
	q := Recent{Services: services, Features: estimator.DefaultFeatures(), Step: testStep, Steps: 5000, End: testNow.Add(7 * time.Second)}
	w, edges, err := r.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if w.Steps != 1235 || !w.End.Equal(testNow) || !w.Start().Equal(began) || w.Services[0].Name != "cart" {
		t.Errorf("%d steps from %v to %v of %v", w.Steps, w.Start(), w.End, w.Services)
	}
	for _, at := range []int{0, 700, 1234} {
		if got, want := w.At(1, at, 1), value("cpu", "web", w.Time(at)); got != want {
			t.Errorf("step %d is %v, want %v", at, got, want)
		}
	}
	if diff := cmp.Diff([]estimator.Edge{{Source: 1, Destination: 0, Weight: 0.5}}, edges); diff != "" {
		t.Errorf("graph (-want +got):\n%s", diff)
	}
	steps, starts := b.fake.columns()
	slices.Reverse(starts)
	if slices.Max(steps) > 1000 || !slices.IsSortedFunc(starts, time.Time.Compare) || len(steps) != 3*len(estimator.DefaultFeatures()) {
		t.Errorf("%v steps from %v, want three pieces, the newest first", steps, starts)
	}

	// Without a sample there is no window, and that is no error.
	b.fake.absent = func(string, string, time.Time) bool { return true }
	if w, edges, err := r.Read(t.Context(), q); err != nil || w.Steps != 0 || edges != nil {
		t.Errorf("without samples: %d steps, %v, %v", w.Steps, edges, err)
	}
}

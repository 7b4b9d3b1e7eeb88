package record

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/history"
)

// wantSeries is what a recording of the last 100 steps must read as.
func wantSeries(f *fake) *estimator.Window {
	s := estimator.NewWindow(named(), estimator.DefaultFeatures(), 100, testStep, testNow)
	for t := range s.Steps {
		for n, service := range services {
			for c, feature := range s.Features {
				if f.absent == nil || !f.absent(string(feature), service, s.Time(t)) {
					s.Set(n, t, c, value(string(feature), service, s.Time(t)))
				}
			}
		}
	}
	return s
}

// named returns the services as a recording of one namespace has them.
func named() []estimator.Service {
	out := make([]estimator.Service, len(services))
	for n, name := range services {
		out[n].Name = name
	}
	return out
}

func (b *bench) compare() {
	b.t.Helper()
	got, err := history.ReadFile(b.path("out.csv"))
	if err != nil {
		b.t.Fatal(err)
	}
	want := wantSeries(b.fake)
	equal := cmp.Comparer(func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
	if diff := cmp.Diff(want, got, equal); diff != "" {
		b.t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestRecordsInBoundedQueriesOldestFirst(t *testing.T) {
	b := newBench(t)
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	b.compare()
	steps, starts := b.fake.columns()
	if slices.Max(steps) != 16 || len(steps) != 7*len(estimator.DefaultFeatures()) {
		t.Errorf("queries asked for %v steps, want 7 chunks of at most 16 for each feature", steps)
	}
	if !slices.IsSortedFunc(starts, time.Time.Compare) {
		t.Errorf("queries start at %v, want the oldest first", starts)
	}
	edges, err := history.ReadGraphFile(b.path("graph.csv"), named())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]estimator.Edge{{Source: 1, Destination: 0, Weight: 0.5}}, edges); diff != "" {
		t.Errorf("graph (-want +got):\n%s", diff)
	}
	if b.exists("out.csv.tmp") || b.exists("graph.csv.tmp") {
		t.Error("something temporary is left")
	}
	if out := b.out.String(); !strings.Contains(out, "100 steps of 2 services") || strings.Contains(out, "missing") {
		t.Errorf("summary is %q", out)
	}
}

func TestAnswersAreBoundedByTheirSize(t *testing.T) {
	b := newBench(t)
	c := b.config(func(o *Options) { o.Columns = 1000 })
	c.telemetry.Prometheus.MaxResponseBytes = 10 * 2 * bytesPerSample * strangers
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.compare()
	if steps, _ := b.fake.columns(); slices.Max(steps) != 10 {
		t.Errorf("queries asked for up to %d steps, want 10", slices.Max(steps))
	}
}

func TestCompressesBySuffix(t *testing.T) {
	b := newBench(t)
	if err := errors.Join(b.run(), b.run(func(o *Options) { o.Out, o.GraphOut = b.path("out.csv.gz"), "" })); err != nil {
		t.Fatal(err)
	}
	plain, err := history.ReadFile(b.path("out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := history.ReadFile(b.path("out.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain, packed); diff != "" {
		t.Errorf("(-plain +packed):\n%s", diff)
	}
	if len(b.read("out.csv.gz")) >= len(b.read("out.csv")) {
		t.Error("out.csv.gz is not compressed")
	}
}

func TestKeepsOutputThatExists(t *testing.T) {
	for _, name := range []string{"out.csv", "graph.csv"} {
		b := newBench(t)
		if err := os.WriteFile(b.path(name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.run(); err == nil || !strings.Contains(err.Error(), "--overwrite") {
			t.Errorf("%s: error %v, want it to say --overwrite", name, err)
		}
		if b.read(name) != "mine" {
			t.Errorf("%s: a refused run left its marks", name)
		}
		if err := b.run(func(o *Options) { o.Overwrite = true }); err != nil {
			t.Fatal(err)
		}
		b.compare()
	}
}

func TestGapsAreMissing(t *testing.T) {
	between := func(at time.Time, from, to int) bool {
		return !at.Before(testNow.Add(-time.Duration(100-from)*testStep)) && at.Before(testNow.Add(-time.Duration(100-to)*testStep))
	}
	for name, absent := range map[string]func(feature, service string, at time.Time) bool{
		"one service for a while":               func(_, s string, at time.Time) bool { return s == "cart" && between(at, 10, 40) },
		"everything, over chunk boundaries":     func(_, _ string, at time.Time) bool { return between(at, 13, 70) },
		"a required feature before its start":   func(f, _ string, at time.Time) bool { return f == "requests" && between(at, 0, 21) },
		"a required feature at the end":         func(f, _ string, at time.Time) bool { return f == "cpu" && between(at, 77, 101) },
		"a required feature, several times":     func(f, _ string, at time.Time) bool { return f == "replicas" && at.Unix()/30%5 < 2 },
		"an optional feature from first to end": func(f, _ string, _ time.Time) bool { return f == "memory" },
		"everything but one sample": func(f, s string, at time.Time) bool {
			return f != "cpu" || s != "web" || !between(at, 55, 56)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.fake.absent = absent
			if err := b.run(); err != nil {
				t.Fatal(err)
			}
			b.compare()
			if !strings.Contains(b.out.String(), "; missing: ") {
				t.Errorf("summary does not tell of gaps: %s", b.out.String())
			}
			if !strings.Contains(b.read("graph.csv"), "web,cart,0.5\n") {
				t.Errorf("graph is %s", b.read("graph.csv"))
			}
		})
	}
}

func TestNamesWhatIsEmpty(t *testing.T) {
	b := newBench(t)
	b.fake.absent = func(f, s string, _ time.Time) bool { return f == "memory" || s == "cart" }
	b.fake.calls = nil
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the column memory is empty", "no data at all for cart", "no call between the services is known"} {
		if !strings.Contains(b.out.String(), want) {
			t.Errorf("printed %s, want %q in it", b.out.String(), want)
		}
	}
	if edges, err := history.ReadGraphFile(b.path("graph.csv"), named()); err != nil || len(edges) > 0 {
		t.Errorf("graph %v, %v", edges, err)
	}
}

func TestNothingAtAllIsAnError(t *testing.T) {
	b := newBench(t)
	b.fake.absent = func(string, string, time.Time) bool { return true }
	if err := b.run(); err == nil || !strings.Contains(err.Error(), "no data at all for the 2 services") {
		t.Errorf("error %v", err)
	}
	if b.exists("out.csv") {
		t.Error("an empty recording is left")
	}
}

// Whatever ends a recording, nothing half written is left.
func TestAnInterruptedRecordingLeavesNothing(t *testing.T) {
	for name, end := range map[string]func(cancel func(), w http.ResponseWriter) bool{
		"interrupted": func(cancel func(), _ http.ResponseWriter) bool { cancel(); return false },
		"stopped": func(_ func(), w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b.fake.answer(func(w http.ResponseWriter, form url.Values) bool {
				return form.Has("step") && b.fake.seconds(form.Get("end")) > testNow.Add(-50*testStep).Unix() && end(cancel, w)
			})
			err := b.config().Run(ctx)
			if err == nil || !strings.Contains(err.Error(), name+" after 48 of 100 steps, nothing is written") {
				t.Errorf("error %v, want it to say how far it came", err)
			}
			if files, err := os.ReadDir(b.folder); err != nil || len(files) != 1 {
				t.Errorf("left %v, %v, want the configuration alone", files, err)
			}
		})
	}
}

func TestRecordsSeveralNamespaces(t *testing.T) {
	b := newBench(t)
	b.fake.namespaces = []string{"data", "shop"}
	several := func(o *Options) { o.Namespaces, o.Services = []string{"shop", "data"}, nil }
	if err := b.run(several); err != nil {
		t.Fatal(err)
	}
	got, err := history.ReadFile(b.path("out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := []estimator.Service{{Namespace: "data", Name: "cart"}, {Namespace: "data", Name: "web"}, {Namespace: "shop", Name: "cart"}, {Namespace: "shop", Name: "web"}}
	if diff := cmp.Diff(want, got.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if n := known(got.Values); n != len(got.Values) {
		t.Errorf("%d of %d values are there", n, len(got.Values))
	}
	if graph := b.read("graph.csv"); !strings.Contains(graph, "shop/web,shop/cart,0.5\n") {
		t.Errorf("graph is %s", graph)
	}
}

// What a backend knows in part is asked for again, and in the end missing: half
// of the requests would be learned as a quiet hour.
func TestWhatIsKnownInPartIsMissing(t *testing.T) {
	b := newBench(t)
	broken := testNow.Add(-50 * testStep).Unix()
	b.fake.extra = func(form url.Values) string {
		if form.Get("query") == "requests" && b.fake.seconds(form.Get("start")) <= broken && broken <= b.fake.seconds(form.Get("end")) {
			return `,"warnings":["No StoreAPIs matched for this query"]`
		}
		return ""
	}
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	got, err := history.ReadFile(b.path("out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if missing := len(got.Values) - known(got.Values); missing != 16*len(services) {
		t.Errorf("%d values are missing, want those of one chunk of 16 steps", missing)
	}
	if len(b.waits) != 5 || !strings.Contains(b.out.String(), "warning: requests: the answer is partial") {
		t.Errorf("waited %v and printed %s", b.waits, b.out.String())
	}
}

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
	"github.com/deepscaler/deepscaler/learner/dataset"
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
	got, err := dataset.ReadSeriesFile(b.path("out.csv"))
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
	edges, err := dataset.ReadGraphFile(b.path("graph.csv"), named())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]estimator.Edge{{Source: 1, Destination: 0, Weight: 0.5}}, edges); diff != "" {
		t.Errorf("graph (-want +got):\n%s", diff)
	}
	if b.exists("out.csv.partial") || b.exists("out.csv.tmp") || b.exists("graph.csv.tmp") {
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
	plain, err := dataset.ReadSeriesFile(b.path("out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := dataset.ReadSeriesFile(b.path("out.csv.gz"))
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

func TestGoesOnWhereItStopped(t *testing.T) {
	straight := newBench(t)
	if err := straight.run(); err != nil {
		t.Fatal(err)
	}
	for _, torn := range []int{0, 1, 300} {
		b := newBench(t)
		broken := testNow.Add(-50 * testStep) // in the fourth chunk
		b.fake.answer(func(w http.ResponseWriter, form url.Values) bool {
			if !form.Has("step") || b.fake.seconds(form.Get("end")) < broken.Unix() {
				return false
			}
			w.WriteHeader(http.StatusUnprocessableEntity)
			return true
		})
		err := b.run()
		if err == nil || !strings.Contains(err.Error(), "48 of 100 steps") || !strings.Contains(err.Error(), "run the same command again") {
			t.Fatalf("error %v, want one that says how far it came and how to go on", err)
		}
		if b.exists("out.csv") || b.exists("graph.csv") {
			t.Error("there is output of an unfinished recording")
		}
		if torn > 0 {
			// As if the machine had failed while a chunk was written.
			data := b.read("out.csv.partial")
			lost := data + `{"steps":16,"present":[16],"bytes":400,"crc32":1}` + "\n" + strings.Repeat("x", 500)
			if torn == 1 {
				lost = data[:len(data)-1]
			}
			if err := os.WriteFile(b.path("out.csv.partial"), []byte(lost), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.fake.answer(nil)
		b.fake.columns()
		b.now = testNow.Add(3 * time.Hour) // -50m must mean what it meant
		if err := b.run(func(o *Options) { o.Columns = 20 }); err != nil {
			t.Fatal(err)
		}
		want := testNow.Add(-51 * testStep)
		if torn == 1 {
			want = testNow.Add(-67 * testStep)
		}
		if _, starts := b.fake.columns(); !slices.MinFunc(starts, time.Time.Compare).Equal(want) {
			t.Errorf("torn %d: went on from %v, want %v", torn, slices.MinFunc(starts, time.Time.Compare), want)
		}
		for _, name := range []string{"out.csv", "graph.csv"} {
			if b.read(name) != straight.read(name) {
				t.Errorf("torn %d: %s differs from that of an uninterrupted recording", torn, name)
			}
		}
		if b.exists("out.csv.partial") {
			t.Error("the partial recording is left")
		}
	}
}

func TestCancelledKeepsWhatItHas(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.fake.answer(func(_ http.ResponseWriter, form url.Values) bool {
		if form.Has("step") && b.fake.seconds(form.Get("end")) > testNow.Add(-50*testStep).Unix() {
			cancel()
		}
		return false
	})
	err := b.config().Run(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted after 48 of 100 steps") {
		t.Fatalf("error %v", err)
	}
	b.fake.answer(nil)
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	b.compare()
}

func TestOtherFlagsDoNotGoOn(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.config().Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	before := b.read("out.csv.partial")
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"range":    {func(o *Options) { o.Start = "-40m" }, `--start was "-50m", is "-40m"`},
		"services": {func(o *Options) { o.Services = []string{"web"} }, `--services was "cart,web", is "web"`},
		"features": {func(o *Options) { o.Features = o.Features[1:] }, "--features was"},
		"graph":    {func(o *Options) { o.GraphOut = "" }, "--graph-out was"},
		"preset":   {func(o *Options) { o.Preset = "istio-resource-requests" }, "--preset was"},
	} {
		err := b.run(c.change)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "--restart") {
			t.Errorf("%s: error %v, want it to say %q and --restart", name, err, c.want)
		}
	}
	if b.read("out.csv.partial") != before {
		t.Error("a refused run changed the partial recording")
	}
	if err := b.run(func(o *Options) { o.Features, o.Restart = o.Features[1:], true }); err != nil {
		t.Errorf("--restart: %v", err)
	}
}

func TestRefusesAForeignPartial(t *testing.T) {
	for _, content := range []string{"timestamp,service,cpu\n", "{}\n", "\x00\x01", `{"deepscalerRecording":2}` + "\n", `{"deepscalerRecording":1}`} {
		b := newBench(t)
		if err := os.WriteFile(b.path("out.csv.partial"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.run(); err == nil || !strings.Contains(err.Error(), "--restart") {
			t.Errorf("%q: error %v, want it to say --restart", content, err)
		}
		if b.read("out.csv.partial") != content {
			t.Errorf("%q was changed", content)
		}
	}
}

func TestOneRecordingAtATime(t *testing.T) {
	b := newBench(t)
	j, err := openJournal(b.path("out.csv.partial"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	for _, restart := range []bool{false, true} {
		if err := b.run(func(o *Options) { o.Restart = restart }); err == nil || !strings.Contains(err.Error(), "in use by another recording") {
			t.Errorf("restart %v: error %v", restart, err)
		}
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
		if b.read(name) != "mine" || b.exists("out.csv.partial") {
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
	for _, want := range []string{"the column memory is empty", "no data at all about cart", "no call between the services is known"} {
		if !strings.Contains(b.out.String(), want) {
			t.Errorf("printed %s, want %q in it", b.out.String(), want)
		}
	}
	if edges, err := dataset.ReadGraphFile(b.path("graph.csv"), named()); err != nil || len(edges) > 0 {
		t.Errorf("graph %v, %v", edges, err)
	}
}

func TestNothingAtAllIsAnError(t *testing.T) {
	b := newBench(t)
	b.fake.absent = func(string, string, time.Time) bool { return true }
	if err := b.run(); err == nil || !strings.Contains(err.Error(), "no data at all for the 2 services of namespace shop") {
		t.Errorf("error %v", err)
	}
	if b.exists("out.csv") || b.exists("out.csv.partial") {
		t.Error("an empty recording is left")
	}
}

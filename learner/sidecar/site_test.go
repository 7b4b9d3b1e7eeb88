package sidecar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
	"github.com/deepscaler/deepscaler/learner/record"
	"github.com/deepscaler/deepscaler/learner/train"
)

const step = 15 * time.Second

// site is a learner with everything around it faked but the folder. It runs in a bubble
// of package synctest, where time passes when everybody waits.
type site struct {
	dir     exchange.Dir
	metrics *Metrics
	log     bytes.Buffer
	sidecar *Sidecar
	stop    func() // ends the learner
	list    []exchange.Application

	mu sync.Mutex
	// since is when Prometheus got its first sample.
	since   time.Time
	reading func(ctx context.Context, application string) error
	// train returns the child; by default a model that forecasts need.
	train    func(ctx context.Context, in train.Input, s train.Spec) (*artifact.Model, error)
	need     float64
	trained  []string // the first service of each training
	trainers []train.Spec
}

// truth is what every service needs: 100 requests/s at 0.04 s of a processor, at the
// utilisation of 0.65 between the bounds.
const truth = 100 * 0.04 / 0.65

// settings are an hour between looks at histories of two hours.
func settings() exchange.Learning {
	s := exchange.DefaultLearning()
	s.Interval, s.History, s.LeastHistory, s.MaxAge, s.Iterations = time.Hour, 2*time.Hour, time.Hour, 12*time.Hour, 4
	return s
}

// start runs a learner until the end of the test. Prometheus has two hours of history.
func start(t *testing.T, change ...func(*site)) *site {
	t.Helper()
	s := &site{dir: exchange.Dir(t.TempDir()), since: time.Now().Add(-2 * time.Hour), need: truth}
	s.list = []exchange.Application{application("shop")}
	for _, c := range change {
		c(s)
	}
	s.write(t)
	s.run(t)
	return s
}

// run runs a learner; another one after its stop is a restart.
func (s *site) run(t *testing.T) {
	t.Helper()
	s.metrics = NewMetrics()
	ticker := time.NewTicker(Poll)
	seed := uint64(0)
	s.sidecar = New(Options{
		Settings: settings(), Exchange: s.dir, History: s, Train: s.learn, Metrics: s.metrics,
		Log: slog.New(slog.NewTextHandler(&s.log, nil)), Ticks: ticker.C, Now: time.Now,
		Random: func() float64 { return 0.5 }, Seed: func() uint64 { seed++; return seed },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.sidecar.Run(ctx) }()
	s.stop = sync.OnceFunc(func() { cancel(); <-done; ticker.Stop() })
	t.Cleanup(s.stop)
	synctest.Wait()
}

// application has two services in a namespace of its name.
func application(name string) exchange.Application {
	return exchange.Application{
		Name:     name,
		Services: []exchange.Service{{Name: name + "/cart", Min: 1, Max: 20}, {Name: name + "/web", Min: 1, Max: 20}},
		Step:     exchange.Duration{Duration: step}, Window: 80, QueueingWindow: 40, Features: estimator.FeatureNames(estimator.DefaultFeatures()),
		LeadTime: exchange.Duration{Duration: time.Minute}, MinUtilisation: 0.5, MaxUtilisation: 0.8, Headroom: 0.5,
	}
}

// write writes the list as the adapter does.
func (s *site) write(t *testing.T) {
	t.Helper()
	if err := s.dir.WriteList(&exchange.List{Written: time.Now(), Applications: s.list}); err != nil {
		t.Fatal(err)
	}
}

// serve makes a model serve an application, with everything that it needs.
func (s *site) serve(t *testing.T, m *artifact.Model) {
	t.Helper()
	if err := s.dir.WriteServing(s.list[0].Name, m); err != nil {
		t.Fatal(err)
	}
	s.list[0].Serving = m.Hash()
	s.write(t)
}

// Read implements [Historian] with a constant load.
func (s *site) Read(ctx context.Context, q record.Recent) (*estimator.Window, []estimator.Edge, error) {
	s.mu.Lock()
	since, reading := s.since, s.reading
	s.mu.Unlock()
	if reading != nil {
		if err := reading(ctx, q.Services[0].Namespace); err != nil {
			return nil, nil, err
		}
	}
	steps := max(0, min(q.Steps, int(q.End.Sub(since)/q.Step)))
	w := estimator.NewWindow(q.Services, q.Features, steps, q.Step, q.End)
	for t := range steps {
		for n := range q.Services {
			// The load wavers, so that nobody forecasts it exactly.
			load := 100 * (1 + 0.02*math.Sin(float64(7*t+n)))
			copy(w.Row(n, t), []float64{8, load * 0.04 / 8, 0.05, load, 0.5})
		}
	}
	return w, []estimator.Edge{{Source: 1, Destination: 0, Weight: 1}}, nil
}

func (s *site) learn(ctx context.Context, in train.Input, spec train.Spec) (*train.Result, error) {
	s.mu.Lock()
	s.trained = append(s.trained, in.History.Services[0].String())
	s.trainers = append(s.trainers, spec)
	child, need := s.train, s.need
	s.mu.Unlock()
	if child != nil {
		m, err := child(ctx, in, spec)
		return &train.Result{Model: m}, err
	}
	m, err := constant(estimator.ServiceNames(in.History.Services), need)
	return &train.Result{Model: m}, err
}

// constant returns a model that forecasts the same for every service, created now.
func constant(services []string, need float64) (*artifact.Model, error) {
	m, err := fakemodel.Constant(fakemodel.Shape{Services: services, Step: step, Window: 12, Horizon: 4, Hidden: 4, Blocks: 1}, need)
	if err == nil {
		m.Created = time.Now()
	}
	return m, err
}

func (s *site) trainings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.trained)
}

func (s *site) report(t *testing.T) *exchange.Report {
	t.Helper()
	r, err := s.dir.ReadReport(s.list[0].Name)
	if err != nil {
		t.Fatalf("%v; the log:\n%s", err, s.log.String())
	}
	return r
}

// state returns the state of an application and its detail.
func (s *site) state(t *testing.T, application string) string {
	t.Helper()
	status, err := s.dir.ReadStatus()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range status.Applications {
		if p.Name == application {
			return fmt.Sprintf("%s: %s", p.State, p.Detail)
		}
	}
	return "absent"
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// exported reports whether the metrics have a line.
func (s *site) exported(line string) bool {
	r := httptest.NewRecorder()
	promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return slices.Contains(strings.Split(r.Body.String(), "\n"), line)
}

func (s *site) wantExported(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !s.exported(line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

var errDown = errors.New("prometheus is down")

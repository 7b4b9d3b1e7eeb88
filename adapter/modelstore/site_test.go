package modelstore

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/leader"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	step = 30 * time.Second
	// patience bounds every wait. Load on the machine may use it up; nothing that works
	// needs it.
	patience = 2 * time.Minute
)

var (
	noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	web  = estimator.Service{Namespace: "shop", Name: "web"}
	cart = estimator.Service{Namespace: "shop", Name: "cart"}
	shop = discovery.Application{Name: "shop", Services: []discovery.Service{
		{Service: cart, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: 9}},
		{Service: web, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: 9}},
	}}
)

// news records what became of models.
type news struct {
	mu     sync.Mutex
	lines  []string
	failed string
}

func (n *news) add(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

// take returns what has been recorded since the last call.
func (n *news) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := n.lines
	n.lines = nil
	return lines
}

func (n *news) failure() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.failed
}

func (n *news) ModelServes(_ context.Context, application string, m *Model) {
	if m == nil {
		n.add("%s: none serves", application)
		return
	}
	n.add("%s: %.8s serves", application, m.Hash)
}

func (n *news) ModelRefused(_ context.Context, application, hash string, err error) {
	n.add("%s: %.8s is refused: %v", application, hash, err)
}

func (n *news) ModelPublished(_ context.Context, r *exchange.Report, from time.Time) {
	n.add("%s: %.8s is published from %s", r.Application, r.Model, from.UTC().Format(time.TimeOnly))
}

func (n *news) ModelJudged(_ context.Context, r *exchange.Report) {
	n.add("%s: %.8s is kept back: %s", r.Application, r.Model, r.Verdict)
}

func (n *news) StoreFailed(_ context.Context, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failed = ""
	if err != nil {
		n.failed = err.Error()
	}
}

func (n *news) Leading(_ context.Context, leading bool) { n.add("leading: %v", leading) }

// replica is the store of one replica of the adapter.
type replica struct {
	*Store
	news  *news
	clock *testclock.FakeClock
	dir   exchange.Dir // "" without a learner
	stop  func()
}

// site is where replicas run.
type site struct {
	t      *testing.T
	kube   *fakekube.Server
	client kubernetes.Interface
	clock  *testclock.FakeClock
	config func(*config.Adapter)
	window func() (*estimator.Window, error)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, kube: fakekube.New(), clock: testclock.NewFakeClock(noon.Add(7 * time.Second)), config: func(*config.Adapter) {}}
	t.Cleanup(s.kube.Close)
	if err := s.kube.Install(); err != nil {
		t.Fatal(err)
	}
	s.client = kubernetes.NewForConfigOrDie(&rest.Config{Host: s.kube.URL, QPS: -1})
	s.window = func() (*estimator.Window, error) { return observed(), nil }
	return s
}

// observed is a window in which every sample is there.
func observed() *estimator.Window {
	w := estimator.NewWindow([]estimator.Service{cart, web}, estimator.DefaultFeatures(), 24, step, noon)
	for i := range w.Values {
		w.Values[i] = 0.5
	}
	return w
}

// start runs a replica, with a learner beside it if wanted, until the test ends.
func (s *site) start(learner bool) *replica {
	s.t.Helper()
	file := config.Default()
	file.Step, file.Window, file.Defaults.LeadTime = step, 12, 75*time.Second
	s.config(file)
	r := &replica{news: &news{}, clock: s.clock}
	o := Options{
		Config: file, ConfigMaps: s.client.CoreV1().ConfigMaps(fakekube.Namespace),
		Applications: func() []discovery.Application { return []discovery.Application{shop} },
		Window: func(context.Context, []estimator.Service, time.Time) (*estimator.Window, error) {
			return s.window()
		},
		Features: estimator.DefaultFeatures(), Steps: 24, Clock: s.clock, Observer: r.news,
	}
	if learner {
		file.Models.Exchange = s.t.TempDir()
		r.dir = exchange.Dir(file.Models.Exchange)
		var err error
		o.Leader, err = leader.New(s.client.CoordinationV1(), types.NamespacedName{Namespace: fakekube.Namespace, Name: fakekube.Lease}, s.t.TempDir())
		if err != nil {
			s.t.Fatal(err)
		}
	}
	var err error
	if r.Store, err = New(o); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-done
	}
	s.t.Cleanup(r.stop)
	select {
	case <-r.Ready():
	case <-time.After(patience):
		s.t.Fatal("not ready")
	}
	return r
}

// lead runs a replica with a learner until it holds the Lease.
func (s *site) lead() *replica {
	s.t.Helper()
	r := s.start(true)
	s.eventually("the replica leads", func() bool { return slices.Contains(r.news.take(), "leading: true") })
	s.eventually("it asks the learner", func() bool {
		l, err := r.dir.ReadList()
		return err == nil && len(l.Applications) == 1
	})
	return r
}

// eventually lets a step go by until ok holds.
func (s *site) eventually(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.t.Fatalf("%s: not within %v", what, patience)
}

// constant returns a model that fits and forecasts that many replicas.
func constant(t testing.TB, replicas float64, change ...func(*fakemodel.Shape)) *artifact.Model {
	t.Helper()
	shape := fakemodel.Shape{Services: []string{"shop/cart", "shop/web"}, Step: step, Window: 4, Horizon: 3, Hidden: 4, Blocks: 1}
	for _, c := range change {
		c(&shape)
	}
	m, err := fakemodel.Constant(shape, replicas)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// publish publishes a model as a leader would.
func (s *site) publish(m *artifact.Model, from ...time.Time) {
	s.t.Helper()
	o := offer{name: configMapName("shop", m.Hash()), application: "shop", hash: m.Hash(), from: from}
	c, err := configMapOf(o, m, &exchange.Report{})
	if err != nil {
		s.t.Fatal(err)
	}
	c.Namespace = fakekube.Namespace
	if err := s.kube.Put(c, "configmaps"); err != nil {
		s.t.Fatal(err)
	}
}

// serves returns what a replica's model forecasts at the step that ends at t, 0
// without a model.
func serves(t testing.TB, r *replica, at time.Time) float64 {
	t.Helper()
	m := r.At("shop", at)
	if m == nil {
		return 0
	}
	f, err := m.Estimator.Estimate(t.Context(), observed())
	if err != nil {
		t.Fatal(err)
	}
	return f.At(0, 0)
}

func at(steps int) time.Time { return noon.Add(time.Duration(steps) * step) }

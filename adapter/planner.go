package adapter

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/capacitybuffer"
	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/custommetrics"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/hpacheck"
	"github.com/deepscaler/deepscaler/adapter/leader"
	"github.com/deepscaler/deepscaler/adapter/modelstore"
	"github.com/deepscaler/deepscaler/adapter/registration"
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
	"github.com/deepscaler/deepscaler/adapter/server"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

// planner connects the autoscalers with the board that requests read.
type planner struct {
	source   *telemetry.Source
	store    *modelstore.Store // nil when no trained model may serve
	watcher  *discovery.Watcher
	board    *externalmetrics.Board
	loop     *tick.Loop
	reporter *hpacheck.Reporter
	metrics  *selfmetrics.Metrics
	journal  *journal
	exchange string // the folder that is shared with the learner
	mode     func(application string) string
	memory   *explain.Memory
	ready    *readiness
	registry *registration.Registry // nil when the adapter does not know its own Service
	buffers  *capacitybuffer.Writer // nil when no CapacityBuffers are written
}

// newPlanner returns a planner that keeps models in the given namespace.
func newPlanner(file *config.Adapter, client *client, namespace string, registry *registration.Registry, recorder record.EventRecorder, build selfmetrics.Build) (*planner, error) {
	var c clock.RealClock
	steps := file.Window
	if file.Models.Serve {
		// A network may look at an analytic forecast for each of its steps, and each of
		// these looks back by itself. Hindcasts do so from earlier steps.
		steps = 2*file.Window + trust.Room(file.LongestLeadTime(), file.Step)
	}
	source, err := telemetry.New(file.Telemetry, estimator.DefaultFeatures(), steps, file.Step)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	watcher, err := discovery.NewWatcher(client, file.Namespaces, file.Consent())
	if err != nil {
		return nil, err
	}
	metrics := selfmetrics.New(build)
	board := externalmetrics.NewBoard(c, file.Step)
	journal := newJournal(recorder, func(application string) time.Duration { return file.Settings(application).SLO })
	var store *modelstore.Store
	if file.Models.Serve {
		if store, err = newStore(file, client, namespace, modelstore.Options{
			Config: file, ConfigMaps: client.core.ConfigMaps(namespace), Applications: board.Applications,
			Window: func(ctx context.Context, services []estimator.Service, end time.Time) (*estimator.Window, error) {
				w, _, err := source.Window(ctx, services, end)
				return w, err
			},
			Features: estimator.DefaultFeatures(), Steps: steps, Clock: c,
			Observer: &modelNews{journal: journal, metrics: metrics},
		}); err != nil {
			return nil, err
		}
	}
	models, err := newModels(file, store, steps)
	if err != nil {
		return nil, err
	}
	if err := metrics.Register(selfmetrics.Predictions(board, c)); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	if file.Models.Exchange != "" {
		if err := metrics.RegisterLearner(&selfmetrics.Learner{Exchange: exchange.Dir(file.Models.Exchange), Clock: c}); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	p := &planner{
		source:   source,
		store:    store,
		watcher:  watcher,
		board:    board,
		reporter: hpacheck.NewReporter(recorder, c),
		metrics:  metrics,
		journal:  journal,
		exchange: file.Models.Exchange,
		mode:     func(application string) string { return file.Settings(application).Mode },
		memory:   explain.NewMemory(),
		ready:    &readiness{board: board, clock: c, patience: 4 * file.Step},
		registry: registry,
	}
	if registry != nil {
		registry.OnChange(watcher.Refresh)
	}
	observer := observers{metrics, p.journal, p.memory}
	p.loop = &tick.Loop{
		Clock:    c,
		Step:     file.Step,
		Settle:   file.SettleTime(),
		Board:    board,
		Planner:  &tick.Pipeline{Source: source, Models: models, Clock: c, Observer: observer},
		Observer: observer,
	}
	return p, nil
}

// run discovers and plans until ctx is done.
func (p *planner) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	listed := make(chan struct{})
	listedOnce := sync.OnceFunc(func() { close(listed) })
	running.Go(func() {
		p.watcher.Run(ctx, func(s discovery.Snapshot) {
			p.discovered(s)
			listedOnce()
		})
	})
	if p.store != nil {
		running.Go(func() { p.store.Run(ctx) })
	}
	select {
	case <-listed:
		if p.buffers != nil {
			running.Go(func() { p.buffers.Run(ctx) })
		}
		p.awaitModels(ctx)
		p.loop.Run(ctx)
	case <-ctx.Done():
	}
}

// awaitModels waits for the models that serve already, so that the first tick uses them
// as the other replicas do. Without them queueing theory serves, so it does not wait long.
func (p *planner) awaitModels(ctx context.Context) {
	if p.store == nil {
		return
	}
	select {
	case <-p.store.Ready():
	case <-ctx.Done():
	case <-time.After(min(p.loop.Step, modelPatience)):
		klog.FromContext(ctx).Info("Cannot list the published models yet; queueing theory serves until then")
	}
}

// modelPatience is the longest time that the first tick waits for models.
const modelPatience = 10 * time.Second

// newStore completes the options of a store with what its kind of shelf needs.
func newStore(file *config.Adapter, client *client, namespace string, o modelstore.Options) (*modelstore.Store, error) {
	if file.Models.Exchange != "" {
		var err error
		if o.Leader, err = elect(client, types.NamespacedName{Namespace: namespace, Name: file.Models.Lease}); err != nil {
			return nil, err
		}
	}
	return modelstore.New(o)
}

// elect returns this replica's part in the election of the holder of a Lease.
func elect(client *client, lease types.NamespacedName) (*leader.Leader, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the name of this replica: %w", err)
	}
	return leader.New(client.coordination, lease, host+"_"+string(uuid.NewUUID()))
}

// writeBuffers has the planner write CapacityBuffers while this replica holds a Lease.
func (p *planner) writeBuffers(file *config.Adapter, client *client, kube *rest.Config, lease types.NamespacedName) error {
	elected, err := elect(client, lease)
	if err != nil {
		return err
	}
	resources, err := dynamic.NewForConfig(kube)
	if err != nil {
		return fmt.Errorf("create a Kubernetes client for CapacityBuffers: %w", err)
	}
	p.buffers = capacitybuffer.New(capacitybuffer.Options{
		Client: resources, Namespaces: file.Namespaces, Leader: elected, Applications: p.board.Applications, Last: p.memory.Last,
		Step: file.Step, Clock: clock.RealClock{}, Observer: p.metrics,
	})
	return nil
}

// discovered plans the services of a snapshot from now on.
func (p *planner) discovered(s discovery.Snapshot) {
	s = s.Modes(p.mode)
	changed := discovery.Changed(p.board.Applications(), s.Applications)
	p.board.Assign(s.Applications)
	p.loop.Nudge(changed...)
	var elsewhere hpacheck.Elsewhere
	if p.registry != nil {
		elsewhere = p.registry.Elsewhere()
	}
	p.metrics.Discovered(s, p.reporter.Report(s, elsewhere))
	p.journal.discovered(s)
	p.memory.Keep(s.Names())
	p.ready.autoscalersListed()
}

// content returns the parts that the API server serves.
func (p *planner) content(file *config.Adapter, version string) (server.Content, error) {
	var progress func() (*exchange.Status, error)
	if p.exchange != "" {
		progress = exchange.Dir(p.exchange).ReadStatus
	}
	source := &explain.Explainer{Progress: progress, Board: p.board, Memory: p.memory, Clock: p.loop.Clock, Version: version}
	c := server.Content{
		Around:  func(next http.Handler) http.Handler { return explain.Around(next, source) },
		Self:    p.metrics.Handler(),
		Live:    liveness{p.loop.Alive},
		Ready:   p.ready,
		Version: version,
	}
	if file.APIs.Custom() {
		c.Custom = custommetrics.NewProvider(p.board, p.metrics.Answered)
	}
	if file.APIs.External() {
		c.External = externalmetrics.NewProvider(p.board, p.metrics.Answered)
	}
	if file.Delegate.URL == "" {
		return c, nil
	}
	var err error
	c.External, err = externalmetrics.Delegating(c.External, externalmetrics.Delegate(file.Delegate))
	return c, err
}

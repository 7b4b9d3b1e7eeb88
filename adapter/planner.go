package adapter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/hpacheck"
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
	"github.com/deepscaler/deepscaler/adapter/server"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// planner connects the autoscalers with the board that requests read.
type planner struct {
	source   *telemetry.Source
	watcher  *discovery.Watcher
	board    *externalmetrics.Board
	loop     *tick.Loop
	reporter *hpacheck.Reporter
	metrics  *selfmetrics.Metrics
	journal  *journal
	ready    *readiness
}

func newPlanner(file *config.Adapter, client discovery.Client, recorder record.EventRecorder, build selfmetrics.Build) (*planner, error) {
	var c clock.RealClock
	source, err := telemetry.New(file.Telemetry, estimator.DefaultFeatures(), file.Window, file.Step)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	watcher, err := discovery.NewWatcher(client, file.Namespaces, file.Consent())
	if err != nil {
		return nil, err
	}
	metrics := selfmetrics.New(build)
	models, err := newModels(file)
	if err != nil {
		return nil, err
	}
	board := externalmetrics.NewBoard(c, file.Step)
	if err := metrics.Register(selfmetrics.Predictions(board, c)); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	p := &planner{
		source:   source,
		watcher:  watcher,
		board:    board,
		reporter: hpacheck.NewReporter(recorder, c),
		metrics:  metrics,
		journal:  newJournal(recorder, func(application string) time.Duration { return file.Settings(application).SLO }),
		ready:    &readiness{board: board, clock: c, patience: 4 * file.Step},
	}
	observer := observers{metrics, p.journal}
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
	select {
	case <-listed:
		p.loop.Run(ctx)
	case <-ctx.Done():
	}
}

// discovered plans the services of a snapshot from now on.
func (p *planner) discovered(s discovery.Snapshot) {
	p.board.Assign(s.Applications)
	p.metrics.Discovered(s, p.reporter.Report(s))
	p.journal.discovered(s)
	p.ready.autoscalersListed()
}

// content returns the parts that the API server serves.
func (p *planner) content(version string) server.Content {
	return server.Content{
		Metrics: externalmetrics.NewProvider(p.board, p.metrics.Answered),
		Self:    p.metrics.Handler(),
		Live:    liveness{p.loop.Alive},
		Ready:   p.ready,
		Version: version,
	}
}

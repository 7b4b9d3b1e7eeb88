package modelstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/leader"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// Observer observes the fate of models. Its methods are called from one
// goroutine; a hash is "" without a model.
type Observer interface {
	// ModelServes is called when another model, or none, begins to serve an
	// application.
	ModelServes(ctx context.Context, application string, m *Model)
	// ModelRefused is called once for each model that may not serve.
	ModelRefused(ctx context.Context, application, hash string, err error)
	// ModelPublished is called when the leader has published a model, with the report
	// of the learner.
	ModelPublished(ctx context.Context, r *exchange.Report, from time.Time)
	// ModelJudged is called with the learner's report on a rejected model.
	ModelJudged(ctx context.Context, r *exchange.Report)
	// StoreFailed is called when an operation on models fails, and with nil when all
	// succeed again.
	StoreFailed(ctx context.Context, err error)
	// Leading is called when this replica starts or stops publishing.
	Leading(ctx context.Context, leading bool)
}

// Options are the dependencies and settings of a store.
type Options struct {
	Config *config.Adapter
	// ConfigMaps is the client of the adapter's namespace.
	ConfigMaps corev1client.ConfigMapInterface
	// Leader elects the replica that publishes; nil without an exchange with a
	// learner.
	Leader *leader.Leader
	// Applications returns the applications that are planned now.
	Applications func() []discovery.Application
	// Window reads the recent telemetry of an application's services.
	Window func(ctx context.Context, services []estimator.Service, end time.Time) (*estimator.Window, error)
	// Features are the channels of windows, and Steps their length.
	Features []estimator.Feature
	Steps    int
	Clock    clock.WithTicker
	Observer Observer
}

// Store holds the serving models. [Store.At] is safe for concurrent use.
type Store struct {
	options  Options
	shelf    shelf
	learning *learning // nil without an exchange
	wake     chan struct{}
	ready    chan struct{}
	readied  sync.Once

	schedules atomic.Pointer[map[string]schedule]
	// loaded holds, by name and hash, every present offer that was tried.
	loaded map[string]attempt
	// serving is the last reported model, by application.
	serving map[string]string
}

// attempt is the result of loading an offer: one of the two.
type attempt struct {
	model *Model
	err   error
}

// New returns a store that serves no model until it runs.
func New(o Options) (*Store, error) {
	s := &Store{
		options: o, wake: make(chan struct{}, 1), ready: make(chan struct{}),
		loaded: map[string]attempt{}, serving: map[string]string{},
	}
	limits := artifact.Limits{File: o.Config.Models.MaxBytes}
	if path := o.Config.Models.Directory; path != "" {
		s.shelf = &directory{path: path, limits: limits}
	} else {
		shelf, err := newConfigMaps(o.ConfigMaps, limits)
		if err != nil {
			return nil, err
		}
		s.shelf = shelf
	}
	if o.Leader != nil {
		s.learning = newLearning(s, limits)
	}
	return s, nil
}

// At returns the model that serves an application at the step that ends at end, or
// nil. It is the same on every replica with the same objects.
func (s *Store) At(application string, end time.Time) *Model {
	if all := s.schedules.Load(); all != nil {
		return (*all)[application].at(end)
	}
	return nil
}

// Ready is closed when models published before the start can serve.
func (s *Store) Ready() <-chan struct{} { return s.ready }

// Run follows the published models, and publishes while it leads, until ctx is
// done.
func (s *Store) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { s.shelf.run(ctx, s.changed) })
	if s.options.Leader != nil {
		running.Go(func() { s.options.Leader.Run(ctx, s.changed) })
	}
	ticker := s.options.Clock.NewTicker(s.options.Config.Step)
	defer ticker.Stop()
	for {
		s.turn(ctx)
		select {
		case <-ctx.Done():
			if s.learning != nil {
				s.learning.resign()
			}
			return
		case <-ticker.C():
			if !s.shelf.synced() {
				s.options.Observer.StoreFailed(ctx, errNotListed)
			}
		case <-s.wake:
		}
	}
}

func (s *Store) changed() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// errNotListed is what fails when the API server does not answer, or refuses to.
var errNotListed = errors.New("published models cannot be listed: is the Role deepscaler-adapter-models there?")

// turn updates the store and, while it leads, the learner and the shelf.
func (s *Store) turn(ctx context.Context) {
	if !s.shelf.synced() {
		return
	}
	offers, problems := s.shelf.offers()
	byApplication := map[string][]offer{}
	for _, o := range offers {
		byApplication[o.application] = append(byApplication[o.application], o)
	}
	problems = append(problems, s.refresh(ctx, byApplication)...)
	s.readied.Do(func() { close(s.ready) })
	if s.learning != nil {
		problems = append(problems, s.learning.turn(ctx, byApplication)...)
	}
	if ctx.Err() == nil {
		s.options.Observer.StoreFailed(ctx, errors.Join(problems...))
	}
}

// refresh loads the models that serve now and next, and drops those that are gone.
func (s *Store) refresh(ctx context.Context, offers map[string][]offer) (problems []error) {
	// A tick for the step before may still be about to begin.
	since := s.options.Clock.Now().Add(-2 * s.options.Config.Step)
	schedules := map[string]schedule{}
	needed := map[string]bool{}
	for application, published := range offers {
		pin := s.options.Config.Settings(application).Model
		if pin == none {
			continue
		}
		for _, from := range changes(published, since) {
			m, err := s.best(ctx, preferred(published, pin, from), needed)
			if err != nil {
				problems = append(problems, err)
			}
			schedules[application] = append(schedules[application], period{from, m})
		}
	}
	maps.DeleteFunc(s.loaded, func(key string, _ attempt) bool { return !needed[key] })
	problems = append(problems, s.pinned(offers)...)
	s.schedules.Store(&schedules)
	s.report(ctx)
	return problems
}

// best returns the first offer that can be loaded. While one is unreadable, the
// next one serves.
func (s *Store) best(ctx context.Context, offers []offer, needed map[string]bool) (*Model, error) {
	var unavailable error
	for _, o := range offers {
		key := o.name + " " + o.hash
		needed[key] = true
		tried, known := s.loaded[key]
		if !known {
			tried = s.try(ctx, o)
			if errors.Is(tried.err, errUnavailable) {
				unavailable = errors.Join(unavailable, tried.err)
				continue
			}
			s.loaded[key] = tried
			if tried.err != nil {
				s.options.Observer.ModelRefused(ctx, o.application, o.hash, tried.err)
			}
		}
		if tried.model != nil {
			return tried.model, unavailable
		}
	}
	return nil, unavailable
}

func (s *Store) try(ctx context.Context, o offer) attempt {
	m, err := s.shelf.model(ctx, o)
	if err != nil {
		return attempt{err: err}
	}
	loaded, err := s.requirements(o.application).load(m, o.hash)
	return attempt{loaded, err}
}

func (s *Store) requirements(application string) requirements {
	settings := s.options.Config.Settings(application)
	return requirements{
		step: s.options.Config.Step, steps: s.options.Steps, features: s.options.Features,
		leadTime: settings.LeadTime, quantile: settings.Quantile,
	}
}

// pinned reports pins of the configuration without a published model.
func (s *Store) pinned(offers map[string][]offer) (problems []error) {
	for _, o := range s.options.Config.Applications {
		pin := s.options.Config.Settings(o.Name).Model
		if pin != "" && pin != none && len(preferred(offers[o.Name], pin, time.Time{})) == 0 {
			problems = append(problems, fmt.Errorf("application %s is pinned to model %q, which is not published, so that none serves", o.Name, pin))
		}
	}
	return problems
}

// report notifies the observer of the serving models.
func (s *Store) report(ctx context.Context) {
	now := s.options.Clock.Now()
	known := maps.Clone(s.serving)
	for application := range *s.schedules.Load() {
		known[application] = ""
	}
	for _, application := range slices.Sorted(maps.Keys(known)) {
		m, hash := s.At(application, now), ""
		if m != nil {
			hash = m.Hash
		}
		if s.serving[application] != hash {
			s.options.Observer.ModelServes(ctx, application, m)
			s.serving[application] = hash
		}
		if hash == "" {
			delete(s.serving, application)
		}
	}
}

// schedule is the sequence of models of an application, with their starts, in
// order.
type schedule []period

type period struct {
	from  time.Time
	model *Model
}

// at returns the model that serves at the step that ends at t. Before the first
// period it returns that of the first, which began earlier.
func (s schedule) at(t time.Time) *Model {
	for _, p := range slices.Backward(s) {
		if !p.from.After(t) {
			return p.model
		}
	}
	if len(s) > 0 {
		return s[0].model
	}
	return nil
}

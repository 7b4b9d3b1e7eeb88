package modelstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// learning is the leader's side of the exchange with the learner of its pod.
type learning struct {
	store  *Store
	dir    exchange.Dir
	limits artifact.Limits

	leading bool
	written *exchange.List               // the last list for the learner, nil before
	handed  map[string]string            // hash of the model in serving/, by application
	done    map[string]string            // the result of the last report, by application
	refused map[string]*exchange.Refusal // by application
}

// keep is the number of models of an application that stay published.
const keep = 3

func newLearning(s *Store, limits artifact.Limits) *learning {
	return &learning{
		store: s, dir: exchange.Dir(s.options.Config.Models.Exchange), limits: limits,
		handed: map[string]string{}, done: map[string]string{}, refused: map[string]*exchange.Refusal{},
	}
}

// turn does everything that is due, given the published models. It returns what
// failed, and tries that again at the next turn.
func (l *learning) turn(ctx context.Context, published map[string][]offer) (problems []error) {
	if leading := l.store.options.Leader.Leads(); leading != l.leading {
		l.leading = leading
		l.store.options.Observer.Leading(ctx, leading)
	}
	applications := l.store.options.Applications()
	if !l.leading {
		applications = nil
	}
	l.forget(applications)
	list := &exchange.List{Applications: []exchange.Application{}}
	for _, a := range applications {
		offers := published[a.Name]
		serving, err := l.hand(ctx, a.Name, offers)
		if err != nil {
			problems = append(problems, fmt.Errorf("hand the serving model of application %s to the learner: %w", a.Name, err))
		}
		if err := l.pin(ctx, offers); err != nil {
			problems = append(problems, fmt.Errorf("pin a model of application %s: %w", a.Name, err))
		}
		if err := l.receive(ctx, a, offers, serving); err != nil {
			problems = append(problems, fmt.Errorf("take a model of application %s from the learner: %w", a.Name, err))
		}
		if err := l.prune(ctx, a.Name, offers); err != nil {
			problems = append(problems, fmt.Errorf("remove old models of application %s: %w", a.Name, err))
		}
		list.Applications = append(list.Applications, l.describe(a, serving))
	}
	if err := l.tell(list); err != nil {
		problems = append(problems, err)
	}
	return problems
}

// resign writes an empty list.
func (l *learning) resign() {
	// The learner usually ends with the pod; otherwise it continues with the old
	// list.
	_ = l.tell(&exchange.List{Applications: []exchange.Application{}})
}

// tell writes the list if it differs from the last one.
func (l *learning) tell(list *exchange.List) error {
	if l.written != nil && reflect.DeepEqual(l.written.Applications, list.Applications) {
		return nil
	}
	list.Written = l.store.options.Clock.Now().UTC()
	if err := l.dir.WriteList(list); err != nil {
		return fmt.Errorf("models.exchange: %w", err)
	}
	l.written = list
	return nil
}

// describe returns the description of an application for the learner.
func (l *learning) describe(a discovery.Application, serving string) exchange.Application {
	file := l.store.options.Config
	s := file.Settings(a.Name)
	e := exchange.Application{
		Name: a.Name, Step: exchange.Duration{Duration: file.Step}, Window: 2 * file.Window, QueueingWindow: file.Window,
		Features: estimator.FeatureNames(l.store.options.Features),
		LeadTime: exchange.Duration{Duration: s.LeadTime}, Quantile: s.Quantile,
		SLO: exchange.Duration{Duration: s.SLO}, SLOPercentile: s.SLOPercentile,
		MinUtilisation: s.MinUtilisation, MaxUtilisation: s.MaxUtilisation, Headroom: s.Headroom,
		Serving: serving, Refused: l.refused[a.Name],
	}
	for _, s := range a.Services {
		e.Services = append(e.Services, exchange.Service{Name: s.String(), Min: s.Bounds.Min, Max: s.Bounds.Max})
	}
	return e
}

// last returns the model that will serve after the last published start, "" without
// one.
func (l *learning) last(application string, offers []offer) *Model {
	end := l.store.options.Clock.Now()
	for _, o := range offers {
		if n := o.newest(); n.After(end) {
			end = n
		}
	}
	return l.store.At(application, end)
}

// hand writes the model that the learner's next one has to beat, and returns its
// hash.
func (l *learning) hand(ctx context.Context, application string, offers []offer) (string, error) {
	hash := ""
	var content *artifact.Model
	if m := l.last(application, offers); m != nil {
		hash = m.Hash
	}
	if handed, known := l.handed[application]; known && handed == hash {
		return hash, nil
	}
	for _, o := range offers {
		if hash != "" && o.hash == hash {
			m, err := l.store.shelf.model(ctx, o)
			if err != nil {
				return l.handed[application], err
			}
			content = m
		}
	}
	if err := l.dir.WriteServing(application, content); err != nil {
		return l.handed[application], err
	}
	l.handed[application] = hash
	return hash, nil
}

// pin makes the model with the user's annotation serve.
func (l *learning) pin(ctx context.Context, offers []offer) error {
	pinned, ok := pinnedOf(offers)
	shelf, able := l.store.shelf.(rescheduler)
	if !ok || !able {
		return nil
	}
	for _, o := range offers {
		if o.name != pinned.name && !o.newest().Before(pinned.newest()) {
			pinned.from = append(pinned.from, start(offers, l.store.options.Clock.Now(), l.store.options.Config.Step))
			// Only the last few are still relevant.
			pinned.from = pinned.from[max(0, len(pinned.from)-4):]
			return shelf.reschedule(ctx, pinned)
		}
	}
	return nil
}

// receive publishes the learner's model, if it is new and may serve.
func (l *learning) receive(ctx context.Context, a discovery.Application, offers []offer, serving string) error {
	if _, pinned := pinnedOf(offers); pinned || l.store.options.Config.Settings(a.Name).Model != "" {
		return nil
	}
	r, err := l.dir.ReadReport(a.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key := r.Model + " " + r.Trained.String()
	if l.done[a.Name] == key {
		return nil
	}
	for _, o := range offers {
		if o.hash == r.Model {
			l.done[a.Name] = key
			return nil
		}
	}
	if !r.Published {
		l.store.options.Observer.ModelJudged(ctx, r)
		l.done[a.Name] = key
		return nil
	}
	later, refusal := l.admit(ctx, a, offers, serving, r)
	switch {
	case later != nil:
		return later
	case refusal != nil:
		l.refused[a.Name] = &exchange.Refusal{Model: r.Model, Reason: refusal.Error()}
		l.store.options.Observer.ModelRefused(ctx, a.Name, r.Model, refusal)
	default:
		delete(l.refused, a.Name)
	}
	l.done[a.Name] = key
	return nil
}

// admit verifies and publishes a model. The first error is transient, the second
// one is about the model.
func (l *learning) admit(ctx context.Context, a discovery.Application, offers []offer, serving string, r *exchange.Report) (later, refusal error) {
	if r.Parent != serving {
		return nil, fmt.Errorf("it was judged against model %.12q, but %.12q serves", r.Parent, serving)
	}
	if worse := r.HAB.Samples > 0 && r.Child.Loss >= r.HAB.Loss; worse {
		return nil, fmt.Errorf("its loss of %.4g in the learner's report is not below the %.4g of queueing theory", r.Child.Loss, r.HAB.Loss)
	}
	m, err := l.dir.ReadModel(a.Name, l.limits)
	switch {
	case errors.As(err, new(*fs.PathError)):
		return err, nil
	case err != nil:
		return nil, err
	case m.Hash() != r.Model:
		return fmt.Errorf("the file has the hash %.12s, the report is about %.12s", m.Hash(), r.Model), nil
	}
	loaded, err := l.store.requirements(a.Name).load(m, r.Model)
	if err != nil {
		return nil, err
	}
	if later, refusal = l.smoke(ctx, a, loaded); later != nil || refusal != nil {
		return later, refusal
	}
	now := l.store.options.Clock.Now()
	from := start(offers, now, l.store.options.Config.Step)
	err = l.store.shelf.publish(ctx, offer{application: a.Name, hash: r.Model, from: []time.Time{from}}, m, r)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, err
	case apierrors.IsAlreadyExists(err):
		return nil, nil
	case err != nil:
		return fmt.Errorf("publish model %.12s: %w", r.Model, err), nil
	}
	l.store.options.Observer.ModelPublished(ctx, r, from)
	return nil, nil
}

// smoke runs a model on the present window. Errors of the window are transient.
func (l *learning) smoke(ctx context.Context, a discovery.Application, m *Model) (later, refusal error) {
	step := l.store.options.Config.Step
	services := make([]estimator.Service, len(a.Services))
	for i, s := range a.Services {
		services[i] = s.Service
	}
	// The second to last step, whose samples are complete.
	w, err := l.store.options.Window(ctx, services, align(l.store.options.Clock.Now(), step).Add(-step))
	if err != nil {
		return fmt.Errorf("try model %.12s on the present window: %w", m.Hash, err), nil
	}
	err = smoke(ctx, m, w, a.Services)
	if errors.Is(err, estimator.ErrInsufficientData) || ctx.Err() != nil {
		return fmt.Errorf("try model %.12s on the present window: %w", m.Hash, err), nil
	}
	return nil, err
}

// prune removes published models beyond the number to keep, except the serving one.
func (l *learning) prune(ctx context.Context, application string, offers []offer) error {
	var errs []error
	now := l.store.At(application, l.store.options.Clock.Now())
	for _, o := range surplus(offers, keep) {
		if now != nil && o.hash == now.Hash {
			continue
		}
		if err := l.store.shelf.remove(ctx, o); err != nil && !apierrors.IsNotFound(err) && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// forget drops the state of applications that are gone.
func (l *learning) forget(present []discovery.Application) {
	gone := func(name string) bool {
		return !slices.ContainsFunc(present, func(a discovery.Application) bool { return a.Name == name })
	}
	maps.DeleteFunc(l.handed, func(a, _ string) bool { return gone(a) })
	maps.DeleteFunc(l.done, func(a, _ string) bool { return gone(a) })
	maps.DeleteFunc(l.refused, func(a string, _ *exchange.Refusal) bool { return gone(a) })
}

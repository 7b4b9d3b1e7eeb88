package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// Options are the dependencies and settings of a [Sidecar].
type Options struct {
	Settings exchange.Learning
	// Exchange is the folder that is shared with the adapter.
	Exchange exchange.Dir
	// Limits bound the model files that are read.
	Limits  artifact.Limits
	History Historian
	Train   Trainer
	Metrics *Metrics
	Log     *slog.Logger
	// Ticks tell when to look for work, every [Poll].
	Ticks <-chan time.Time
	Now   func() time.Time
	// Random returns numbers in [0, 1), and Seed those of trainings.
	Random func() float64
	Seed   func() uint64
}

// Poll is the time between two ticks.
const Poll = 2 * time.Second

// Sidecar learns the applications that the adapter lists.
type Sidecar struct {
	o        Options
	student  *student
	schedule *schedule

	running  string // the application that is looked at
	began    time.Time
	done     chan outcome
	stop     context.CancelFunc
	refusals map[string]string // the last refused model, by application
	written  *exchange.Status
	problem  string // what was logged last about the list
	beaten   time.Time
}

// New returns a sidecar that does nothing until it runs.
func New(o Options) *Sidecar {
	return &Sidecar{
		o: o, refusals: map[string]string{}, done: make(chan outcome, 1),
		schedule: &schedule{settings: o.Settings, random: o.Random, entries: map[string]*entry{}},
		student: &student{
			settings: o.Settings, dir: o.Exchange, limits: o.Limits, history: o.History, train: o.Train,
			now: o.Now, seed: o.Seed, metrics: o.Metrics, log: o.Log,
		},
	}
}

// Run learns until ctx is done. It then interrupts a running look, and waits for it.
func (s *Sidecar) Run(ctx context.Context) {
	if err := s.o.Exchange.Sweep(); err != nil {
		s.o.Log.WarnContext(ctx, "Files of an earlier learner are left", "err", err)
	}
	for {
		s.tick(ctx)
		select {
		case <-ctx.Done():
			if s.running != "" {
				s.stop()
				<-s.done
			}
			return
		case o := <-s.done:
			s.finish(ctx, o)
		case <-s.o.Ticks:
		}
	}
}

// tick reads the list and begins the next look.
func (s *Sidecar) tick(ctx context.Context) {
	now := s.o.Now()
	s.list(ctx)
	s.o.Metrics.ticked(len(s.schedule.entries))
	if s.running == "" && ctx.Err() == nil {
		if e := s.schedule.next(now); e != nil {
			s.begin(ctx, e, now)
		}
	}
	s.tell(ctx, now)
	s.beat(ctx, now)
}

func (s *Sidecar) begin(ctx context.Context, e *entry, now time.Time) {
	e.state, e.detail = exchange.Training, "it reads the history, judges what serves on it, and trains if that pays"
	look, stop := context.WithTimeout(ctx, s.schedule.share())
	s.running, s.began, s.stop = e.Name, now, stop
	given := *e
	go func() { s.done <- s.look(look, given) }()
}

// look turns a panic into a failure, so that one application cannot stop the others.
func (s *Sidecar) look(ctx context.Context, e entry) (o outcome) {
	defer func() {
		if r := recover(); r != nil {
			o = failed(fmt.Errorf("panic: %v", r))
		}
	}()
	return s.student.look(ctx, e)
}

func (s *Sidecar) finish(ctx context.Context, o outcome) {
	now, name := s.o.Now(), s.running
	s.stop()
	s.running = ""
	if ctx.Err() != nil {
		return
	}
	s.o.Metrics.looked(name, o, now.Sub(s.began))
	s.schedule.finish(name, now, o)
	e, listed := s.schedule.entries[name]
	if !listed {
		s.o.Metrics.forget(name)
		return
	}
	log := s.o.Log.With("application", name, "result", string(o.result), "next", e.due.UTC().Format(time.RFC3339))
	if o.err != nil {
		log.ErrorContext(ctx, "A look failed", "err", o.err)
		return
	}
	log.InfoContext(ctx, "Looked at the application", "because", o.detail)
}

// list takes over the adapter's list.
func (s *Sidecar) list(ctx context.Context) {
	list, err := s.o.Exchange.ReadList()
	if errors.Is(err, fs.ErrNotExist) {
		return // the adapter has not started
	}
	if err != nil {
		if text := err.Error(); text != s.problem {
			s.problem = text
			s.o.Log.ErrorContext(ctx, "The adapter's list cannot be read", "err", err)
		}
		return
	}
	s.problem = ""
	before := s.schedule.entries
	known := make([]string, 0, len(before))
	for name := range before {
		known = append(known, name)
	}
	s.schedule.list(list.Applications, s.due)
	for _, name := range known {
		if _, ok := s.schedule.entries[name]; !ok && name != s.running {
			s.o.Metrics.forget(name)
		}
	}
	for _, a := range list.Applications {
		if r := a.Refused; r != nil && s.refusals[a.Name] != r.Model {
			s.refusals[a.Name] = r.Model
			s.o.Metrics.refused(a.Name)
			s.o.Log.WarnContext(ctx, "The adapter refused a model", "application", a.Name, "model", r.Model, "because", r.Reason)
		}
	}
}

// due returns when to look at a new application: an interval after the training that the
// folder has a report on, as after a restart, else at once.
func (s *Sidecar) due(a exchange.Application) time.Time {
	r, err := s.o.Exchange.ReadReport(a.Name)
	if err != nil || r.Model != a.Serving && r.Parent != a.Serving {
		return time.Time{}
	}
	return r.Trained.Add(s.schedule.interval())
}

// tell writes the status if it has changed.
func (s *Sidecar) tell(ctx context.Context, now time.Time) {
	status := s.schedule.status(now)
	if s.written != nil && reflect.DeepEqual(s.written.Applications, status.Applications) {
		return
	}
	for _, p := range status.Applications {
		s.o.Metrics.stands(p)
	}
	if err := s.o.Exchange.WriteStatus(status); err != nil {
		s.o.Log.ErrorContext(ctx, "The status cannot be written", "err", err)
		return
	}
	s.written = status
}

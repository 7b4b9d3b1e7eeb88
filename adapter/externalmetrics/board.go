// Package externalmetrics stores the latest decision for every service and answers
// the external metrics API from it. Reads take no lock, run no query and compute
// nothing. The other ways to the metric read the same board.
package externalmetrics

import (
	"cmp"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Outcome is the latest result of the ticks of one application.
type Outcome struct {
	// Plan is the last plan, nil before the first.
	Plan *plan.Plan
	// At is the time of its publication, with the monotonic clock reading if
	// any, so that a step of the wall clock does not change its age.
	At time.Time
	// Failure is the failure of the last tick, nil if Plan is from the last tick.
	Failure *tick.Failure
}

// Board holds the latest outcome of every application. One goroutine assigns
// services, one at a time publishes results of each application, and any number
// read.
type Board struct {
	clock  clock.PassiveClock
	step   time.Duration
	maxAge time.Duration

	index atomic.Pointer[index]
}

// NewBoard returns an empty board for plans that are made every step. A plan is
// served until it is two steps old, so that one tick may fail without any
// effect: an older one is no evidence about the present.
func NewBoard(c clock.PassiveClock, step time.Duration) *Board {
	return &Board{clock: c, step: step, maxAge: 2 * step}
}

// index finds services; it is replaced as a whole when they change.
type index struct {
	assigned     []discovery.Application
	namespaces   map[string]*namespaceRows
	applications map[string]*atomic.Pointer[Outcome]
}

// namespaceRows are the services of one namespace, by several keys.
type namespaceRows struct {
	services, scaledObjects map[string]*row
	ordered                 []*row
}

// row is one service of the index, with the outcome of its application.
type row struct {
	service discovery.Service
	labels  labels.Set
	latest  *atomic.Pointer[Outcome]
}

// moment holds the outcomes of applications at one moment, so that an answer about several
// services is of one plan of each application.
type moment map[*atomic.Pointer[Outcome]]*Outcome

// of returns the outcome for a row: the latest when the application is first asked for.
func (m moment) of(r *row) *Outcome {
	o, seen := m[r.latest]
	if !seen {
		o = r.latest.Load()
		m[r.latest] = o
	}
	return o
}

// Assign replaces the services of the board. It keeps the outcomes of
// applications that remain and drops those of others.
func (b *Board) Assign(applications []discovery.Application) {
	old := b.index.Load()
	next := &index{
		assigned:     applications,
		namespaces:   map[string]*namespaceRows{},
		applications: make(map[string]*atomic.Pointer[Outcome], len(applications)),
	}
	for _, a := range applications {
		latest := new(atomic.Pointer[Outcome])
		if old != nil && old.applications[a.Name] != nil {
			latest = old.applications[a.Name]
		}
		next.applications[a.Name] = latest
		for _, s := range a.Services {
			ns := next.namespaces[s.Namespace]
			if ns == nil {
				ns = &namespaceRows{services: map[string]*row{}, scaledObjects: map[string]*row{}}
				next.namespaces[s.Namespace] = ns
			}
			r := &row{service: s, labels: s.Labels(), latest: latest}
			ns.services[s.Name] = r
			if s.ScaledObject != "" {
				ns.scaledObjects[s.ScaledObject] = r
			}
			ns.ordered = append(ns.ordered, r)
		}
	}
	for _, ns := range next.namespaces {
		slices.SortFunc(ns.ordered, func(x, y *row) int { return cmp.Compare(x.service.Name, y.service.Name) })
	}
	b.index.Store(next)
}

// Applications returns the last assignment.
func (b *Board) Applications() []discovery.Application {
	if i := b.index.Load(); i != nil {
		return i.assigned
	}
	return nil
}

// Publish implements [tick.Board]. A failure keeps the last plan.
func (b *Board) Publish(r tick.Result) bool {
	i := b.index.Load()
	if i == nil || i.applications[r.Application] == nil {
		return false
	}
	latest := i.applications[r.Application]
	o := &Outcome{Plan: r.Plan, At: r.At, Failure: r.Failure}
	if last := latest.Load(); r.Failure != nil && last != nil {
		o.Plan, o.At = last.Plan, last.At
	}
	latest.Store(o)
	return true
}

// Latest returns the outcome of every assigned application, nil before its
// first tick has ended. The order is unspecified.
func (b *Board) Latest() iter.Seq2[string, *Outcome] {
	return func(yield func(string, *Outcome) bool) {
		i := b.index.Load()
		if i == nil {
			return
		}
		for name, latest := range i.applications {
			if !yield(name, latest.Load()) {
				return
			}
		}
	}
}

// Current returns every service with a current number. The order of namespaces
// is unspecified.
func (b *Board) Current() iter.Seq2[discovery.Service, plan.Decision] {
	return func(yield func(discovery.Service, plan.Decision) bool) {
		i := b.index.Load()
		if i == nil {
			return
		}
		now := moment{}
		for _, ns := range i.namespaces {
			for _, r := range ns.ordered {
				if d, err := b.decide(r, now.of(r)); err == nil && !yield(r.service, d) {
					return
				}
			}
		}
	}
}

// Step returns the time between two plans.
func (b *Board) Step() time.Duration { return b.step }

package explain

import (
	"context"
	"maps"
	"math"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

// Explainer describes services from the last plans.
type Explainer struct {
	Board   *externalmetrics.Board
	Memory  *Memory
	Clock   clock.PassiveClock
	Version string
	// Progress returns what the learner in this pod does; nil without one.
	Progress func() (*exchange.Status, error)
}

var _ Source = (*Explainer)(nil)

// Describe implements [Source].
func (e *Explainer) Describe(ctx context.Context, of Selection) (*Document, error) {
	d := &Document{Version: e.Version, Now: e.Clock.Now(), Step: Duration(e.Board.Step()), Services: []Service{}}
	applications, memories, learning := map[string]Application{}, map[string]*remembered{}, e.learning()
	readings, err := e.Board.Readings(of.Namespace, of.Selector)
	if err != nil {
		return nil, err
	}
	if !of.Resource.Empty() {
		readings = slices.DeleteFunc(readings, func(r externalmetrics.Reading) bool { return r.Service.Resource() != of.Resource })
		if len(readings) == 0 {
			return nil, apierrors.NewNotFound(of.Resource, of.Selector.String())
		}
	}
	for _, r := range readings {
		name := r.Service.Application
		if _, seen := applications[name]; !seen {
			var p *plan.Plan
			if r.Outcome != nil {
				p = r.Outcome.Plan
			}
			memories[name] = e.Memory.of(name, p)
			a := application(r, memories[name], of.Namespace, of.Full)
			a.Learning = learning[name]
			applications[name] = a
		}
		known := memories[name]
		s := service(r, known)
		if of.Full && known != nil {
			if s.Detail, err = e.Memory.detail(ctx, known, r.Service.Service, len(readings) == 1); err != nil {
				return nil, apierrors.NewInternalError(err)
			}
			if s.Detail != nil {
				s.Detail.Words = words(s, applications[name], s.Detail)
			}
		}
		d.Services = append(d.Services, s)
	}
	for _, name := range slices.Sorted(maps.Keys(applications)) {
		d.Applications = append(d.Applications, applications[name])
	}
	return d, nil
}

// learning returns the progress of the learner by application. Without a learner, and
// before it has written its status, there is none.
func (e *Explainer) learning() map[string]*Learning {
	all := map[string]*Learning{}
	if e.Progress == nil {
		return all
	}
	status, err := e.Progress()
	if err != nil {
		return all
	}
	for _, p := range status.Applications {
		all[p.Name] = &Learning{string(p.State), p.Detail, p.Next}
	}
	return all
}

func application(r externalmetrics.Reading, known *remembered, namespace string, full bool) Application {
	a := Application{Name: r.Service.Application}
	if o := r.Outcome; o != nil {
		if o.Plan != nil {
			a.Planned = o.Plan.Made()
		}
		if o.Failure != nil {
			a.Problem = o.Failure.Error()
		}
	}
	if known == nil {
		return a
	}
	if m := known.basis.Model.Trained; m != nil {
		a.Model, a.Trained = m.Hash, m.Ended
		a.Trust = trusted(known.basis.Verdict)
	}
	if full {
		a.Recent = known.recent
		links := known.basis.Plan.Links()
		a.Calls, a.Affinity = within(namespace, links.Calls), within(namespace, links.Affinity)
	}
	return a
}

func trusted(v trust.Verdict) *Trust {
	t := &Trust{
		Value: Number(v.Trust), Level: v.Level.String(), Reason: v.Reason,
		Violations: Number(v.Violations), Outside: Number(v.Outside),
	}
	for _, h := range v.Hindcasts {
		t.Hindcasts = append(t.Hindcasts, Hindcast{
			h.Made, h.Needed, h.Model.Missing, h.Model.Spare, h.Baseline.Missing, h.Baseline.Spare,
		})
	}
	return t
}

// within returns the links between services of a namespace, and to them from outside.
func within(namespace string, links []plan.Link) (all []Link) {
	for _, l := range links {
		outside := l.Source == estimator.Service{}
		if l.Destination.Namespace == namespace && (outside || l.Source.Namespace == namespace) {
			all = append(all, Link{l.Source.Name, l.Destination.Name, l.Value})
		}
	}
	return all
}

func service(r externalmetrics.Reading, known *remembered) Service {
	s := Service{
		Namespace: r.Service.Namespace, Name: r.Service.Name, Application: r.Service.Application,
		Min: r.Service.Bounds.Min, Max: r.Service.Bounds.Max, Need: Number(math.NaN()), Ready: Number(math.NaN()),
	}
	if known != nil {
		s.Ready = ready(known.basis.Window, r.Service.Service)
	}
	if r.Err != nil {
		s.Problem = r.Err.Error()
		return s
	}
	d := r.Decision
	s.Desired, s.Need, s.Clamp = new(d.Replicas), Number(d.Need), d.Clamp.String()
	if d.Shadow != nil {
		s.Desired, s.Served = d.Shadow, new(d.Replicas)
	}
	s.Estimator, s.Model = d.Source.Estimator, d.Source.Model
	return s
}

// ready returns the number of ready pods at the end of a window.
func ready(w *estimator.Window, s estimator.Service) Number {
	n, c := w.Service(s), w.Channel(estimator.Replicas)
	if n < 0 || c < 0 {
		return Number(math.NaN())
	}
	return Number(w.At(n, w.Steps-1, c))
}

package explain

import (
	"context"
	"maps"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
)

// Explainer describes services from the last plans.
type Explainer struct {
	Board   *externalmetrics.Board
	Clock   clock.PassiveClock
	Version string
}

var _ Source = (*Explainer)(nil)

// Describe implements [Source].
func (e *Explainer) Describe(_ context.Context, namespace string, selector labels.Selector, _ bool) (*Document, error) {
	d := &Document{Version: e.Version, Now: e.Clock.Now(), Step: Duration(e.Board.Step()), Services: []Service{}}
	applications := map[string]Application{}
	readings, err := e.Board.Readings(namespace, selector)
	if err != nil {
		return nil, err
	}
	for _, r := range readings {
		if _, seen := applications[r.Service.Application]; !seen {
			applications[r.Service.Application] = application(r)
		}
		d.Services = append(d.Services, service(r))
	}
	for _, name := range slices.Sorted(maps.Keys(applications)) {
		d.Applications = append(d.Applications, applications[name])
	}
	return d, nil
}

func application(r externalmetrics.Reading) Application {
	a := Application{Name: r.Service.Application}
	if o := r.Outcome; o != nil {
		if o.Plan != nil {
			a.Planned = o.Plan.Made()
		}
		if o.Failure != nil {
			a.Problem = o.Failure.Error()
		}
	}
	return a
}

func service(r externalmetrics.Reading) Service {
	s := Service{
		Namespace: r.Service.Namespace, Name: r.Service.Name, Application: r.Service.Application,
		Min: r.Service.Bounds.Min, Max: r.Service.Bounds.Max, Need: Number(math.NaN()), Ready: Number(math.NaN()),
	}
	if r.Err != nil {
		s.Problem = r.Err.Error()
		return s
	}
	d := r.Decision
	s.Desired, s.Need, s.Clamp = new(d.Replicas), Number(d.Need), d.Clamp.String()
	s.Estimator, s.Model = d.Source.Estimator, d.Source.Model
	return s
}

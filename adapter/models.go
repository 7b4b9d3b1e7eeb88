package adapter

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// The names of the estimators of a hand-over, in its order, and of none.
func estimatorNames() []string { return []string{"hab", "mmn"} }

const noEstimator = "none"

// models holds what applications are decided with: the joint estimator, handed
// over per service to one that needs no call graph.
type models struct {
	defaults model
	byName   map[string]model
	// observe is told how many services each estimator served.
	observe func(application string, services map[string]int)
}

type model struct {
	estimators *estimator.Handover
	plan       plan.Config
}

func newModels(file *config.Adapter, observe func(string, map[string]int)) (*models, error) {
	defaults, err := newModel(file.Defaults)
	if err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	m := &models{defaults: defaults, byName: map[string]model{}, observe: observe}
	for _, a := range file.Applications {
		if m.byName[a.Name], err = newModel(file.Settings(a.Name)); err != nil {
			return nil, fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return m, nil
}

func newModel(s config.Settings) (model, error) {
	hab, err := queueing.NewHAB(s.Queueing())
	if err != nil {
		return model{}, err
	}
	mmn, err := queueing.NewMMN(s.Queueing())
	if err != nil {
		return model{}, err
	}
	return model{estimators: estimator.First(hab, mmn), plan: s.Plan()}, nil
}

// of returns the model of an application, by its name.
func (m *models) of(application string) tick.Model {
	found, ok := m.byName[application]
	if !ok {
		found = m.defaults
	}
	return tick.Model{
		Plan:      found.plan,
		Estimator: observed{found.estimators, func(n map[string]int) { m.observe(application, n) }},
	}
}

// observed tells which estimators served.
type observed struct {
	estimators *estimator.Handover
	observe    func(services map[string]int)
}

// Estimate implements [estimator.Estimator].
func (o observed) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	f, origin, err := o.estimators.EstimateFrom(ctx, w)
	if err != nil {
		return nil, err
	}
	names := estimatorNames()
	served := map[string]int{noEstimator: 0}
	for _, name := range names {
		served[name] = 0
	}
	for _, i := range origin.From {
		if i < 0 {
			served[noEstimator]++
		} else {
			served[names[i]]++
		}
	}
	o.observe(served)
	return f, nil
}

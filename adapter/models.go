package adapter

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/modelstore"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// models holds the estimators of applications: the network that serves, and where it
// has no forecast the joint queueing estimator, and then one that needs no call graph.
type models struct {
	store    *modelstore.Store // nil when no trained model may serve
	steps    int
	defaults queueingModel
	byName   map[string]queueingModel
}

var _ tick.Models = (*models)(nil)

// queueingModel is what needs no training.
type queueingModel struct {
	hab, mmn estimator.Estimator
	plan     plan.Config
}

func newModels(file *config.Adapter, store *modelstore.Store) (*models, error) {
	defaults, err := newQueueingModel(file.Settings(""), file.Window)
	if err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	m := &models{store: store, steps: file.Window, defaults: defaults, byName: map[string]queueingModel{}}
	for _, a := range file.Applications {
		if m.byName[a.Name], err = newQueueingModel(file.Settings(a.Name), file.Window); err != nil {
			return nil, fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return m, nil
}

func newQueueingModel(s config.Settings, steps int) (queueingModel, error) {
	hab, err := queueing.NewHAB(s.Queueing())
	if err != nil {
		return queueingModel{}, err
	}
	mmn, err := queueing.NewMMN(s.Queueing())
	if err != nil {
		return queueingModel{}, err
	}
	return queueingModel{estimator.Newest(hab, steps), estimator.Newest(mmn, steps), s.Plan()}, nil
}

// At implements [tick.Models].
func (m *models) At(application string, end time.Time) tick.Model {
	q, ok := m.byName[application]
	if !ok {
		q = m.defaults
	}
	out := tick.Model{Plan: q.plan, Steps: m.steps, Sources: []plan.Source{{Estimator: "hab"}, {Estimator: "mmn"}}}
	if m.store != nil {
		if network := m.store.At(application, end); network != nil {
			out.Sources = append([]plan.Source{{Estimator: tick.Network, Model: network.Hash}}, out.Sources...)
			out.Affinity = network.Affinity
			out.Estimators = estimator.First(network.Estimator, q.hab, q.mmn)
			return out
		}
	}
	out.Estimators = estimator.First(q.hab, q.mmn)
	return out
}

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
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/estimator/trust"
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
	trust    trust.Config
	config   queueing.Config
	steps    int
}

// seasonal returns the joint queueing estimator that knows how the load recurs.
func (q queueingModel) seasonal(s *season.Season) estimator.Estimator {
	if s == nil {
		return q.hab
	}
	c := q.config
	c.Season = s
	hab, err := queueing.NewHAB(c)
	if err != nil {
		return q.hab
	}
	return estimator.Newest(hab, q.steps)
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
	return queueingModel{
		hab: estimator.Newest(hab, steps), mmn: estimator.Newest(mmn, steps), plan: s.Plan(),
		trust: trust.ConfigOf(s.Queueing(), s.Plan(), s.Quantile), config: s.Queueing(), steps: steps,
	}, nil
}

// At implements [tick.Models].
func (m *models) At(application string, end time.Time) tick.Model {
	q, ok := m.byName[application]
	if !ok {
		q = m.defaults
	}
	scheduler := &trust.Scheduler{Config: q.trust, Rest: []estimator.Estimator{q.hab, q.mmn}}
	out := tick.Model{
		Scheduler: scheduler, Plan: q.plan, Steps: m.steps, Sources: []plan.Source{{Estimator: "hab"}, {Estimator: "mmn"}},
	}
	if m.store != nil {
		if network := m.store.At(application, end); network != nil {
			scheduler.Network = network.Estimator
			out.Sources = append([]plan.Source{{Estimator: tick.Network, Model: network.Hash}}, out.Sources...)
			out.Affinity = network.Affinity
			if network.Season != nil {
				out.Plain = estimator.First(q.hab, q.mmn)
				scheduler.Rest[0] = q.seasonal(network.Season)
			}
			out.Trained = &tick.Trained{Hash: network.Hash, Ended: network.Trained, Estimator: network.Estimator}
		}
	}
	out.Theory = estimator.First(scheduler.Rest[0], scheduler.Rest[1:]...)
	return out
}

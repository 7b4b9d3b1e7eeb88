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
	// ahead sees as far as nodes take to start; nil if there are to be none in advance.
	ahead  estimator.Estimator
	plan   plan.Config
	trust  trust.Config
	config queueing.Config
	// steps is the number that estimates look back, and further that ahead sees.
	steps, further int
}

// seasonal returns the joint queueing estimator that knows how the load recurs.
func (q queueingModel) seasonal(s *season.Season) estimator.Estimator { return q.joint(q.hab, s, 0) }

// seasonalAhead is the same as far as nodes take to start.
func (q queueingModel) seasonalAhead(s *season.Season) estimator.Estimator {
	if q.ahead == nil {
		return nil
	}
	return estimator.First(q.joint(q.ahead, s, q.further), q.ahead)
}

// joint returns an estimator with a season and a horizon, or the given one without either.
func (q queueingModel) joint(plain estimator.Estimator, s *season.Season, horizon int) estimator.Estimator {
	if s == nil {
		return plain
	}
	c := q.config
	c.Season, c.Horizon = s, horizon
	hab, err := queueing.NewHAB(c)
	if err != nil {
		return plain
	}
	return estimator.Newest(hab, q.steps)
}

func newModels(file *config.Adapter, store *modelstore.Store) (*models, error) {
	defaults, err := newQueueingModel(file.Settings(""), file)
	if err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	m := &models{store: store, steps: file.Window, defaults: defaults, byName: map[string]queueingModel{}}
	for _, a := range file.Applications {
		if m.byName[a.Name], err = newQueueingModel(file.Settings(a.Name), file); err != nil {
			return nil, fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return m, nil
}

func newQueueingModel(s config.Settings, file *config.Adapter) (queueingModel, error) {
	steps := file.Window
	both := func(c queueing.Config) (first, second estimator.Estimator, err error) {
		hab, err := queueing.NewHAB(c)
		if err != nil {
			return nil, nil, err
		}
		mmn, err := queueing.NewMMN(c)
		return estimator.Newest(hab, steps), estimator.Newest(mmn, steps), err
	}
	c := s.Queueing()
	q := queueingModel{plan: s.Plan(), trust: trust.ConfigOf(c, s.Plan(), s.Quantile), config: c, steps: steps}
	var err error
	if q.hab, q.mmn, err = both(c); err != nil || s.NodeStart == 0 {
		return q, err
	}
	// The plan of the moment in which the node is ready looks a lead time ahead.
	q.further = plan.Steps(s.NodeStart+s.LeadTime, file.Step)
	c.Horizon = q.further
	hab, mmn, err := both(c)
	q.ahead = estimator.First(hab, mmn)
	return q, err
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
		Ahead: q.ahead,
	}
	if m.store != nil {
		if network := m.store.At(application, end); network != nil {
			scheduler.Network = network.Estimator
			out.Sources = append([]plan.Source{{Estimator: tick.Network, Model: network.Hash}}, out.Sources...)
			out.Affinity = network.Affinity
			if network.Season != nil {
				out.Plain = estimator.First(q.hab, q.mmn)
				scheduler.Rest[0] = q.seasonal(network.Season)
				out.Ahead = q.seasonalAhead(network.Season)
			}
			out.Trained = &tick.Trained{Hash: network.Hash, Ended: network.Trained, Estimator: network.Estimator}
		}
	}
	out.Theory = estimator.First(scheduler.Rest[0], scheduler.Rest[1:]...)
	return out
}

package adapter

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/modelstore"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

// models holds the estimators of applications: the network that serves, and where it
// has no forecast the joint queueing estimator, and then one that needs no call graph.
type models struct {
	store *modelstore.Store // nil when no trained model may serve
	// steps are those for queueing theory, and long those for a network with its hindcasts.
	steps, long int
	defaults    queueingModel
	byName      map[string]queueingModel
	// keepers are those of the applications, by name (*[queueing.Keeper]). One of an application that
	// is gone is small.
	keepers sync.Map
}

var _ tick.Models = (*models)(nil)

// queueingModel is what needs no training.
type queueingModel struct {
	hab *queueing.HAB
	mmn estimator.Estimator
	// plain has the forecasts of hab at steps of the past; nil if windows are too short.
	plain *queueing.Analytic
	// ahead sees as far as nodes take to start; nil if there are to be none in advance.
	ahead  estimator.Estimator
	plan   plan.Config
	trust  trust.Config
	config queueing.Config
	// steps is the number that estimates look back, and further that ahead sees.
	steps, further int
}

// seasonal returns the joint queueing estimator with the season of the load, with a
// horizon; 0 is the lead time.
func (q queueingModel) seasonal(s *season.Season, horizon int) *queueing.HAB {
	c := q.config
	c.Horizon = horizon
	if s != nil { // a nil pointer would be a season
		c.Season = s
	}
	hab, err := queueing.NewHAB(c)
	if err != nil {
		return q.hab
	}
	return hab
}

// theory returns how a feature with the forecasts of the joint estimator is made, with a
// season unless s is nil; nil if no feature has them.
func (q queueingModel) theory(s *season.Season) *queueing.Analytic {
	c := q.config
	if s != nil {
		c.Season = s
	}
	a, err := queueing.NewAnalytic(c, q.steps)
	if err != nil {
		return nil
	}
	return a
}

// under returns a network that plans for the utilisation and the headroom that are set now.
func (q queueingModel) under(network *model.Estimator) *model.Estimator {
	e, err := network.Under(q.config)
	if err != nil { // the configuration was validated
		return network
	}
	return e
}

// newModels returns models for whose networks windows of so many steps are read.
func newModels(file *config.Adapter, store *modelstore.Store, long int) (*models, error) {
	defaults, err := newQueueingModel(file.Settings(""), file)
	if err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	m := &models{store: store, steps: file.Window, long: long, defaults: defaults, byName: map[string]queueingModel{}}
	for _, a := range file.Applications {
		if m.byName[a.Name], err = newQueueingModel(file.Settings(a.Name), file); err != nil {
			return nil, fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return m, nil
}

func newQueueingModel(s config.Settings, file *config.Adapter) (queueingModel, error) {
	c := s.Queueing()
	q := queueingModel{plan: s.Plan(), trust: trust.ConfigOf(c, s.Plan(), s.Quantile), config: c, steps: file.Window}
	var err error
	if q.hab, err = queueing.NewHAB(c); err != nil {
		return q, err
	}
	mmn, err := queueing.NewMMN(c)
	if err != nil {
		return q, err
	}
	q.mmn, q.plain = estimator.Newest(mmn, q.steps), q.theory(nil)
	if s.NodeStart == 0 {
		return q, nil
	}
	// The plan of the moment in which the node is ready looks a lead time ahead.
	q.further = plan.Steps(s.NodeStart+s.LeadTime, file.Step)
	c.Horizon = q.further
	if mmn, err = queueing.NewMMN(c); err != nil {
		return q, err
	}
	q.ahead = estimator.First(estimator.Newest(q.seasonal(nil, q.further), q.steps), estimator.Newest(mmn, q.steps))
	return q, nil
}

// keeping keeps the replicas of an application by the forecasts of a theory.
type keeping struct {
	*queueing.Keeper
	theory *queueing.Analytic
}

// Held implements [tick.Keeper].
func (k keeping) Held(ctx context.Context, w *estimator.Window, steps []int) ([]float64, error) {
	return k.Keeper.Held(ctx, k.theory, w, steps)
}

// keep returns what keeps the replicas of an application; nil without a theory.
func (m *models) keep(application string, theory *queueing.Analytic) tick.Keeper {
	if theory == nil {
		return nil
	}
	k, _ := m.keepers.LoadOrStore(application, new(queueing.Keeper))
	return keeping{k.(*queueing.Keeper), theory}
}

// At implements [tick.Models].
func (m *models) At(application string, end time.Time) tick.Model {
	q, ok := m.byName[application]
	if !ok {
		q = m.defaults
	}
	hab := estimator.Newest(q.hab, q.steps)
	scheduler := &trust.Scheduler{Config: q.trust, Rest: []estimator.Estimator{hab, q.mmn}}
	out := tick.Model{
		Scheduler: scheduler, Plan: q.plan, Steps: m.steps, Read: m.steps, Sources: []plan.Source{{Estimator: "hab"}, {Estimator: "mmn"}},
		Load: q.hab, Ahead: q.ahead,
	}
	if m.store != nil {
		if network := m.store.At(application, end); network != nil {
			trained := q.under(network.Estimator)
			scheduler.Network, scheduler.Theory = trained, q.theory(network.Season)
			out.Read = m.long
			out.Sources = append([]plan.Source{{Estimator: tick.Network, Model: network.Hash}}, out.Sources...)
			out.Affinity = network.Affinity
			if network.Season != nil {
				out.Plain = estimator.First(hab, q.mmn)
				seasonal := q.seasonal(network.Season, 0)
				scheduler.Rest[0], out.Load = estimator.Newest(seasonal, q.steps), seasonal
				if q.ahead != nil {
					out.Ahead = estimator.First(estimator.Newest(q.seasonal(network.Season, q.further), q.steps), q.ahead)
				}
			}
			out.Trained = &tick.Trained{Hash: network.Hash, Ended: network.Trained, Estimator: trained}
		}
	}
	out.Keep = m.keep(application, cmp.Or(scheduler.Theory, q.plain))
	out.Theory = estimator.First(scheduler.Rest[0], scheduler.Rest[1:]...)
	return out
}

package adapter

import (
	"fmt"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// models holds the estimators of applications: the joint one, and per service
// one that needs no call graph where the joint one has no forecast.
type models struct {
	defaults tick.Model
	byName   map[string]tick.Model
}

var _ tick.Models = (*models)(nil)

func newModels(file *config.Adapter) (*models, error) {
	defaults, err := newModel(file.Settings(""))
	if err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	m := &models{defaults: defaults, byName: map[string]tick.Model{}}
	for _, a := range file.Applications {
		if m.byName[a.Name], err = newModel(file.Settings(a.Name)); err != nil {
			return nil, fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return m, nil
}

func newModel(s config.Settings) (tick.Model, error) {
	hab, err := queueing.NewHAB(s.Queueing())
	if err != nil {
		return tick.Model{}, err
	}
	mmn, err := queueing.NewMMN(s.Queueing())
	if err != nil {
		return tick.Model{}, err
	}
	return tick.Model{Estimators: estimator.First(hab, mmn), Names: []string{"hab", "mmn"}, Plan: s.Plan()}, nil
}

// Of implements [tick.Models].
func (m *models) Of(application string) tick.Model {
	if found, ok := m.byName[application]; ok {
		return found
	}
	return m.defaults
}

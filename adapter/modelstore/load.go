package modelstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// Model is a model that may serve.
type Model struct {
	// Hash identifies its content.
	Hash string
	// Trained is when its training ended.
	Trained time.Time
	// Estimator runs it.
	Estimator *model.Estimator
	// Affinity holds the entries of its affinity matrix that matter.
	Affinity []plan.Link
	// Season is how the requests of its history recur; nil if they do not.
	Season *season.Season
}

// requirements are the shape of windows and the horizon that a model must reach.
type requirements struct {
	step     time.Duration
	steps    int
	features []estimator.Feature
	leadTime time.Duration
	// quantile is the one to serve, 0 for the one that the model is made for.
	quantile float64
}

// load prepares a model for serving, or reports why it does not fit.
func (r requirements) load(m *artifact.Model, hash string) (*Model, error) {
	if h := m.Hash(); h != hash {
		return nil, fmt.Errorf("it has the hash %.12s, not %.12s", h, hash)
	}
	e, err := model.NewEstimator(m)
	if err != nil {
		return nil, err
	}
	if err := e.Fits(r.step, r.steps, r.features, r.leadTime); err != nil {
		return nil, err
	}
	if r.quantile > 0 {
		if e, err = e.At(r.quantile); err != nil {
			return nil, err
		}
	}
	services, err := estimator.ParseServices(m.Services)
	if err != nil {
		return nil, err
	}
	return &Model{
		Hash: hash, Trained: m.Created, Estimator: e, Season: m.Season,
		Affinity: plan.AffinityLinks(services, m.Affinity, leastAffinity),
	}, nil
}

// leastAffinity is the entry of an affinity matrix below which a link is noise.
const leastAffinity = 0.05

// implausible bounds a forecast in multiples of the service's maximum replicas. A
// larger one is refused; the plan cuts smaller ones to the maximum.
const implausible = 10

// smoke runs a model on the present window of an application. The model must return
// a plausible forecast. An error that wraps [estimator.ErrInsufficientData] is about
// the window.
func smoke(ctx context.Context, m *Model, w *estimator.Window, services []discovery.Service) error {
	most := map[estimator.Service]float64{}
	for _, s := range services {
		most[s.Service] = float64(implausible * s.Bounds.Max)
	}
	// The handover turns a panic into an error.
	f, origin, err := estimator.First(m.Estimator).EstimateFrom(ctx, w)
	if err != nil {
		return errors.Join(append(origin.Errors, err)...)
	}
	for n, s := range f.Services {
		if origin.From[n] < 0 {
			continue
		}
		for h := range f.Horizon {
			if v := f.At(n, h); !(v >= 0 && v <= most[s]) || math.IsInf(v, 0) {
				return fmt.Errorf("its forecast of %.4g replicas for service %s is implausible: at most %g would be", v, s, most[s])
			}
		}
	}
	return nil
}

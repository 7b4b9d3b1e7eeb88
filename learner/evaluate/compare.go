package evaluate

import (
	"context"

	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Errors are the errors of all predictors on the same labels.
type Errors struct {
	Model       Metrics `json:"model"`
	Anchor      Metrics `json:"anchor"`
	Ridge       Metrics `json:"ridge"`
	Persistence Metrics `json:"persistence"`
	Seasonal    Metrics `json:"seasonal"`
}

// HorizonErrors are the errors at one horizon.
type HorizonErrors struct {
	// Horizon is the number of steps ahead.
	Horizon int `json:"horizon"`
	Errors
}

// ServiceErrors are the errors for one service at all horizons.
type ServiceErrors struct {
	Service string `json:"service"`
	Errors
}

// Comparison is the result of [Compare], in the unit of the target.
type Comparison struct {
	// Season is the period of the seasonal-naive forecast in steps. It is 1
	// when the labels have no season; the forecast then equals persistence.
	Season   int             `json:"season"`
	Overall  Errors          `json:"overall"`
	Horizons []HorizonErrors `json:"horizons"`
	// Coverage has the share of labels that are at most what is predicted, for each quantile
	// of the model, over all services and horizons: the quantile itself if the model is
	// calibrated; nil without labels. Lower bounds count where they are not covered.
	Coverage []float64 `json:"coverage,omitempty"`
	// Services may be nil.
	Services []ServiceErrors `json:"services,omitempty"`
}

// Model is the predictor to compare.
type Model struct {
	Network gnn.Model[float32]
	// Affinity is the network's matrix, N×N.
	Affinity []float32
	// Shares multiply the outputs, one each; nil is 1 for all.
	Shares []float64
	// Offsets are added to them afterwards; nil is 0 for all.
	Offsets []float64
	// Adds is true where outputs, after both, are only added to the anchor.
	Adds bool
	// Levels is the number of quantiles at each horizon, and Level that which is
	// compared. 0 Levels are one.
	Levels, Level int
	// Data are the samples under the scalers that the network was trained with.
	Data *samples.Set
}

// Compare predicts all samples of a part of d with a model and with forecasts that are simpler.
// Those are its anchor alone, ridge regression on the training part, and persistence and the
// seasonal-naive forecast, which use no scalers of the model. The result does not depend on the
// number of workers.
func Compare(ctx context.Context, d *samples.Set, p samples.Part, m Model, workers int) (*Comparison, error) {
	size, levels := d.LabelLen(), max(1, m.Levels)
	outputs := make([]float32, d.Samples(p)*size)
	parts := make([]cover, em.Parts)
	err := em.Predict(ctx, m.Network, m.Affinity, m.Data.View(p, levels), workers, func(part, i int, y, labels []float32, censored []bool) {
		for at, v := range y {
			if m.Shares != nil {
				v *= float32(m.Shares[at%len(m.Shares)])
			}
			if m.Offsets != nil {
				v += float32(m.Offsets[at%len(m.Offsets)])
			}
			if m.Adds {
				v = float32(features.Add(float64(v)))
			}
			parts[part].add(at%levels, levels, labels[at], v, censored[at])
			if at%levels == m.Level {
				outputs[i*size+at/levels] = v
			}
		}
	})
	if err != nil {
		return nil, err
	}
	season := Season(d, p)
	predictors := []Predictor{
		func(p samples.Part, indices []int, y []float64) {
			for k, i := range indices {
				m.Data.UnscaleBatch(p, []int{i}, outputs[i*size:(i+1)*size], y[k*size:(k+1)*size])
			}
		},
		Anchor(m.Data),
		Ridge(m.Data),
		Persistence(d),
		SeasonalNaive(d, season),
	}
	var all [5]*Tally
	var services [5][]*Tally
	for i, predict := range predictors {
		all[i], services[i] = tally(d, p, predict)
	}
	errorsOf := func(metrics func(i int) Metrics) Errors {
		return Errors{metrics(0), metrics(1), metrics(2), metrics(3), metrics(4)}
	}
	out := &Comparison{Season: season, Coverage: coverage(parts, levels), Overall: errorsOf(func(i int) Metrics { return all[i].Overall() })}
	for at, h := range d.Options().Horizons {
		out.Horizons = append(out.Horizons, HorizonErrors{h, errorsOf(func(i int) Metrics { return all[i].Horizon(at) })})
	}
	for n, name := range d.Series().Services {
		out.Services = append(out.Services, ServiceErrors{name.String(), errorsOf(func(i int) Metrics { return services[i][n].Overall() })})
	}
	return out, nil
}

package autoscaler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/estimator/trust"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// newTrusted returns DeepScaler with a network that serves a quantile as far as it is
// trusted, and with queueing theory behind it, as the adapter has them. Queueing theory
// takes the season of the model, if there is one.
func newTrusted(network trust.Network, quantile float64, found *season.Season, c *loop.Config) (*estimated, error) {
	q := queueingConfig(c, utilisationAt(quantile))
	if trained, ok := network.(*model.Estimator); ok {
		var err error
		if network, err = trained.Under(q); err != nil {
			return nil, err
		}
	}
	if found != nil {
		q.Season = found
	}
	hab, mmn, theory, err := theories(q, c)
	if err != nil {
		return nil, err
	}
	a := newEstimated(nil, theory, c)
	s := &trust.Scheduler{
		Config: trust.ConfigOf(q, a.plan, quantile), Network: network,
		Rest: []estimator.Estimator{estimator.Newest(hab, c.Steps), estimator.Newest(mmn, c.Steps)}, Theory: theory,
	}
	a.estimator, a.steps = pacing{a, s}, 2*c.Steps+trust.Room(c.LeadTime(), c.Step)
	return a, s.Validate()
}

// cheapest is the quantile at which nothing of a network is left, so that cost falls further
// only with a higher utilisation.
const cheapest = 0.1

// utilisationAt returns the maxUtilisation that goes with a quantile as the knob.
func utilisationAt(quantile float64) float64 {
	if quantile <= cheapest {
		return 0.9
	}
	return queueing.DefaultConfig().MaxUtilisation
}

// pacing is a scheduler that paces the plans of an autoscaler.
type pacing struct {
	of        *estimated
	scheduler *trust.Scheduler
}

// Estimate implements [estimator.Estimator].
func (p pacing) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	f, _, verdict, err := p.scheduler.EstimateFrom(ctx, w)
	p.of.plan.ScaleIn = verdict.ScaleIn
	return f, err
}

// wrongName comes before a colon and the name of a model that is wrong.
const wrongName = "wrong"

// wrong are models that no gate would let pass, by name: they forecast what they do for
// each service, given the most replicas that it may have.
func wrong(name string) (func(most float64, rng *rand.Rand) float64, error) {
	switch name {
	case "one":
		return func(float64, *rand.Rand) float64 { return 1 }, nil
	case "max":
		return func(most float64, _ *rand.Rand) float64 { return most }, nil
	case "random":
		return func(most float64, rng *rand.Rand) float64 { return most * rng.Float64() }, nil
	}
	return nil, fmt.Errorf("there is no wrong model %q, only one, max and random", name)
}

// ofWrong returns DeepScaler with a wrong model.
func ofWrong(name string) (Kind, error) {
	forecast, err := wrong(strings.TrimPrefix(name, wrongName+":"))
	return Kind{
		Name: name, About: "DeepScaler with a model that is wrong and not to be trusted",
		Knob: "quantile", Settings: []float64{0.8}, Usual: 0.8,
		make: func(s Surroundings, knob float64) (loop.Autoscaler, error) {
			return newTrusted(&wrongNetwork{forecast, float64(s.Config.Bounds.Max), s.Config.LeadTime()}, knob, nil, s.Config)
		},
	}, err
}

// wrongNetwork forecasts without looking at the services.
type wrongNetwork struct {
	forecast func(float64, *rand.Rand) float64
	most     float64
	leadTime time.Duration
}

// Steps implements [trust.Network].
func (*wrongNetwork) Steps() int { return 12 }

// EstimateAt implements [trust.Network].
func (n *wrongNetwork) EstimateAt(_ context.Context, w *estimator.Window, steps []int, quantiles []float64) ([][]*estimator.Forecast, error) {
	all := make([][]*estimator.Forecast, len(steps))
	for i, t := range steps {
		end := w.Time(t - 1)
		f := estimator.NewForecast(w.Services, int((n.leadTime+w.Step-1)/w.Step), w.Step)
		rng := rand.New(rand.NewPCG(uint64(end.Unix()), 1))
		for k := range f.Replicas {
			f.Replicas[k] = n.forecast(n.most, rng)
		}
		for range quantiles {
			all[i] = append(all[i], f)
		}
	}
	return all, nil
}

// Outside implements [trust.Network].
func (*wrongNetwork) Outside(w *estimator.Window) ([]float64, error) {
	return make([]float64, len(w.Services)), nil
}

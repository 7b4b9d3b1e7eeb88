package train

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/backtest"
)

// inherit reads the model to start from, makes it one of the services of the
// series, and fills in the options with what it says.
func (c *Config) inherit(o *Options, series *estimator.Window) error {
	a, err := artifact.ReadFile(o.From)
	if err != nil {
		return err
	}
	if a.Step != series.Step {
		return fmt.Errorf("the model was trained on steps of %v, but the series has a step of %v", a.Step, series.Step)
	}
	training, err := backtest.TrainingOf(a)
	if err != nil {
		return err
	}
	names := estimator.ServiceNames(series.Services)
	if c.parent, err = backtest.Transfer(a, names); err != nil {
		return err
	}
	if err := o.inherit(a); err != nil {
		return fmt.Errorf("%w; leave that out, or train from scratch without --from", err)
	}
	if o.SLO == 0 {
		o.SLO, o.SLOPercentile = time.Duration(training.Label.SLO), training.Label.SLOPercentile
	}
	for _, call := range training.Label.Calls {
		if slices.Contains(names, call.Source) && slices.Contains(names, call.Destination) {
			c.calls = append(c.calls, call)
		}
	}
	return nil
}

// inherit fills in what the model says, and reports flags that say otherwise.
// The quantile is no such flag: learning can turn to another.
func (o *Options) inherit(a *artifact.Model) error {
	p := a.Hyperparameters
	o.Learning.Quantile = cmp.Or(o.Learning.Quantile, p.Quantile)
	return errors.Join(
		take("model", &o.Model, a.Kind),
		take("target", &o.Target, a.Target),
		take("label", &o.Label, a.Label),
		take("anchor", &o.Anchor, cmp.Or(a.Scaler.Anchor, string(features.AnchorLevel))),
		take("window", &o.Window, a.Window),
		take("hidden", &o.Hidden, p.Hidden),
		// A recurrent network has no kernel, and any will do.
		take("kernel", &o.Kernel, cmp.Or(p.Kernel, o.Kernel)),
		take("blocks", &o.Blocks, p.Blocks),
		takeAll("features", &o.Features, a.Features),
		takeAll("horizon", (*[]int)(&o.Horizons), a.Horizons),
	)
}

func take[T comparable](flag string, given *T, has T) error {
	var none T
	if *given != none && *given != has {
		return fmt.Errorf("--%s is %v, but that of the model is %v", flag, *given, has)
	}
	*given = has
	return nil
}

func takeAll[T comparable](flag string, given *[]T, has []T) error {
	if len(*given) > 0 && !slices.Equal(*given, has) {
		return fmt.Errorf("--%s is %v, but that of the model is %v", flag, *given, has)
	}
	*given = slices.Clone(has)
	return nil
}

package model

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Fits reports everything that keeps the model from estimating windows of steps
// steps with the given features: another step, a short window, a missing feature,
// or a last horizon before the lead time, which is the time until a new replica
// serves. Call it once after loading a model.
func (e *Estimator) Fits(step time.Duration, steps int, features []estimator.Feature, leadTime time.Duration) error {
	var errs []error
	if step != e.step {
		errs = append(errs, fmt.Errorf("the model is trained on steps of %v, telemetry has steps of %v: train it on a recording with --step %v", e.step, step, step))
	}
	window := e.Steps()
	if e.analytic != nil {
		features = append(slices.Clip(features), estimator.Analytic)
	}
	if window > steps {
		errs = append(errs, fmt.Errorf("the model looks back %d steps, a window has %d: train it with --window %d, or make the window longer", window, steps, steps-window+e.predictor.config.Window))
	}
	features = slices.Concat(features, e.expected)
	channels := make([]int, len(e.predictor.features))
	if err := locateChannels(&estimator.Window{Features: features}, e.predictor.features, channels); err != nil {
		errs = append(errs, err)
	}
	if ahead := time.Duration(len(e.columns)) * e.step; ahead < leadTime {
		errs = append(errs, fmt.Errorf("the model predicts %v ahead, but a new replica takes %v: train it with --horizon %d",
			ahead, leadTime, (leadTime+e.step-1)/e.step))
	}
	return errors.Join(errs...)
}

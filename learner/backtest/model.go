package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// align returns the model with its services in the order of the series.
// Services in only one of them are an error.
func align(a *artifact.Model, services []string) (*artifact.Model, error) {
	var missing, unknown []string
	for _, name := range a.Services {
		if !slices.Contains(services, name) {
			missing = append(missing, name)
		}
	}
	for _, name := range services {
		if !slices.Contains(a.Services, name) {
			unknown = append(unknown, name)
		}
	}
	var errs []error
	if missing != nil {
		errs = append(errs, fmt.Errorf("the series lacks %s, which the model was trained for", list(missing)))
	}
	if unknown != nil {
		errs = append(errs, fmt.Errorf("the model was not trained for %s, which the series has: train it further with --from, or record the services of the model only", list(unknown)))
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	if slices.Equal(a.Services, services) {
		return a, nil
	}
	return train.Transfer(a, services)
}

// list returns the first few names.
func list(names []string) string {
	const most = 5
	shown := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, fmt.Sprintf("%q", name))
	}
	text := strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Samples cuts a history into samples with the features, window, horizons and scalers of
// a model. The services are those of the model, in the same order.
func Samples(ctx context.Context, history *estimator.Window, a *artifact.Model, split samples.Split) (*samples.Set, error) {
	training, err := train.TrainingOf(a)
	if err != nil {
		return nil, err
	}
	data, err := samplesFor(ctx, a, history, split, training.Label)
	if err != nil {
		return nil, err
	}
	return data.WithScalers(scalers(a))
}

// samplesFor cuts a series into samples with the features, window and horizons
// of the model. The services are those of the model, in the same order.
func samplesFor(ctx context.Context, a *artifact.Model, s *estimator.Window, split samples.Split, label train.Label) (*samples.Set, error) {
	if s.Step != a.Step {
		return nil, fmt.Errorf("the series has a step of %v, but the model was trained on steps of %v: record it with --step %v", s.Step, a.Step, a.Step)
	}
	if c := s.Channel(estimator.Feature(a.Target)); c < 0 && label.Kind == artifact.LabelObserved {
		return nil, fmt.Errorf("the series lacks %q, which the model predicts; its features are %s", a.Target, strings.Join(estimator.FeatureNames(s.Features), ", "))
	}
	labeller, err := label.Labeller(a.Target, s.Services)
	if err != nil {
		return nil, err
	}
	if c := a.Scaler.Analytic; c != nil {
		var calls []estimator.Edge
		if r, ok := labeller.(samples.Required); ok {
			calls = r.Calls
		}
		if s, err = train.Annotate(ctx, s, calls, *c, a.Scaler.AnalyticWindow); err != nil {
			return nil, err
		}
	}
	if expected := season.Features(estimator.Features(a.Features)); len(expected) > 0 {
		s = season.Annotate(s, a.Expected(), expected, 0)
	}
	// Anchors have the same names in the file, except for the level, which has
	// none.
	reach := a.Scaler.Reach()
	return samples.New(s, samples.Options{
		Window: a.Window, Horizons: a.Horizons, Features: estimator.Features(a.Features), Target: estimator.Feature(a.Target),
		Label: labeller, Split: split, Anchor: features.Anchor(a.Scaler.Anchor), Sizings: a.Scaler.Sizings, Clamp: a.Scaler.Clamp, Reach: &reach,
	})
}

// scalers returns the model's scalers of inputs and labels.
func scalers(a *artifact.Model) (inputs, labels *features.Scaler) {
	n, c := len(a.Services), len(a.Features)
	inputs = &features.Scaler{Services: n, Features: c, Mean: slices.Concat(a.Scaler.Mean...), Std: slices.Concat(a.Scaler.Std...)}
	labels = &features.Scaler{Services: n, Features: 1, Mean: a.Scaler.TargetMean, Std: a.Scaler.TargetStd}
	return inputs, labels
}

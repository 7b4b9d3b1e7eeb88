package backtest

import (
	"context"
	"fmt"
	"runtime"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Spec selects the samples for judging a model.
type Spec struct {
	// Split divides the history; the zero value is the split of the training.
	Split samples.Split
	// Part is the part to predict. All predicts the whole history instead, of which
	// the model has seen nothing.
	Part samples.Part
	All  bool
	// Workers is the number of goroutines, 0 for one per processor. The result does
	// not depend on it.
	Workers int
}

// Report is the result, with its form in JSON.
type Report struct {
	// File is the path of the model, if any; Hash and Kind identify the model.
	File string `json:"file"`
	Hash string `json:"hash"`
	Kind string `json:"kind"`
	// Target is the predicted feature, whose unit the errors have. Label is the
	// kind of the truth.
	Target string `json:"target"`
	Label  string `json:"label"`
	// Step is the duration of one step of a horizon.
	Step    train.Duration `json:"step"`
	Split   samples.Split  `json:"split"`
	Part    string         `json:"part"`
	Samples int            `json:"samples"`
	evaluate.Comparison
}

// Run predicts a part of a history with a model and returns the errors. The history
// needs the services, the features and the step of the model.
func Run(ctx context.Context, history *estimator.Window, a *artifact.Model, s Spec) (*Report, error) {
	training, err := train.TrainingOf(a)
	if err != nil {
		return nil, err
	}
	part := s.Part.String()
	switch {
	case s.All:
		s.Split, s.Part, part = samples.Split{Train: 1}, samples.Train, "all"
	case s.Split == (samples.Split{}):
		s.Split = training.Split
	}
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0)
	}
	aligned, err := align(a, estimator.ServiceNames(history.Services))
	if err != nil {
		return nil, err
	}
	network, err := baseline.Load(aligned)
	if err != nil {
		return nil, err
	}
	data, err := samplesFor(ctx, aligned, history, s.Split, training.Label)
	if err != nil {
		return nil, err
	}
	if data.Samples(s.Part) == 0 {
		return nil, fmt.Errorf("the split %v has no %v part", s.Split, s.Part)
	}
	scaled, err := data.WithScalers(scalers(aligned))
	if err != nil {
		return nil, err
	}
	m := evaluate.Model{Network: network, Affinity: aligned.Affinity, Shares: aligned.Scaler.Shares, Offsets: aligned.Scaler.Offsets, Levels: len(aligned.Levels()), Adds: aligned.Scaler.Anchor == artifact.AnchorAnalytic, Data: scaled}
	comparison, err := evaluate.Compare(ctx, data, s.Part, m, s.Workers)
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	return &Report{
		Hash: a.Hash(), Kind: a.Kind, Target: a.Target, Label: a.Label, Step: train.Duration(a.Step),
		Split: data.Options().Split, Part: part, Samples: data.Samples(s.Part), Comparison: *comparison,
	}, nil
}

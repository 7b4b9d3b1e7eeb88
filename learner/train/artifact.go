package train

import (
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/em"
)

// ReadModel reads a model file. It is [artifact.ReadFile], for programs that
// import only the learner.
func ReadModel(path string) (*artifact.Model, error) { return artifact.ReadFile(path) }

// WriteModel writes the model to a file atomically.
func (r *Result) WriteModel(path string) error { return artifact.WriteFile(path, r.Model) }

// artifact returns the model in its form for the file.
func (t *training) artifact(learned *em.Result) (*artifact.Model, error) {
	report, err := t.report.embedded()
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	o, s := t.data.Options(), t.input.History
	a := &artifact.Model{
		Kind:     t.spec.Kind,
		Services: estimator.ServiceNames(s.Services),
		Features: estimator.FeatureNames(o.Features),
		Target:   string(o.Target),
		Label:    t.spec.Label.Kind,
		Window:   o.Window,
		Horizons: o.Horizons, Quantiles: t.spec.Learning.Quantiles,
		Step: s.Step,
		Hyperparameters: artifact.Hyperparameters{
			Hidden: t.report.Network.Hidden, Kernel: t.report.Network.Kernel, Blocks: t.report.Network.Blocks,
			Quantile: t.spec.served(),
		},
		Scaler:   t.scaler(learned),
		Affinity: learned.Affinity,
		Report:   report,
		Parent:   t.report.Parent,
		Created:  t.input.Now().UTC(),
		Tensors:  model.Tensors(t.network),
	}
	if t.season != nil {
		a.Season = t.season.Season
	}
	for _, g := range learned.Graphs {
		a.Graphs = append(a.Graphs, artifact.Graph{Name: g.Name, Loss: g.Loss, Affinity: g.Affinity})
	}
	return a, nil
}

// scaler returns the samples' scaler in its form for the model file.
func (t *training) scaler(learned *em.Result) artifact.Scaler {
	inputs, labels := t.data.InputScaler(), t.data.LabelScaler()
	s := artifact.Scaler{TargetMean: slices.Clone(labels.Mean), TargetStd: slices.Clone(labels.Std), Shares: learned.Shares, Offsets: learned.Offsets}
	for n := range inputs.Services {
		from, to := n*inputs.Features, (n+1)*inputs.Features
		s.Mean = append(s.Mean, slices.Clone(inputs.Mean[from:to]))
		s.Std = append(s.Std, slices.Clone(inputs.Std[from:to]))
	}
	o := t.data.Options()
	if s.Clamp = o.Clamp; o.Anchor != features.AnchorLevel {
		s.Anchor, s.Sizings = string(o.Anchor), o.Sizings
	}
	if o.Anchor != features.AnchorLevel {
		for n := range inputs.Services {
			from, to := n*inputs.Features, (n+1)*inputs.Features
			s.Low, s.High = append(s.Low, o.Reach.Low[from:to]), append(s.High, o.Reach.High[from:to])
		}
	}
	if slices.Contains(o.Features, estimator.Analytic) {
		c := t.spec.analytic()
		s.Analytic, s.AnalyticWindow = &c, t.spec.AnalyticWindow
	}
	return s
}

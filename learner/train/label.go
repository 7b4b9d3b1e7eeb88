package train

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Label is how the labels of a model came about, so that a backtest can make
// the same of another history.
type Label struct {
	// Kind is one of the artifact's Label constants.
	Kind string `json:"kind"`
	// SLO and SLOPercentile are those of [samples.Required].
	SLO           Duration `json:"slo,omitzero"`
	SLOPercentile float64  `json:"sloPercentile,omitempty"`
	// Calls is the invocation graph that latencies were told apart with.
	Calls []Call `json:"calls,omitempty"`
}

// Call is an edge of the invocation graph by names.
type Call struct {
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	Weight      float64 `json:"weight"`
}

// Duration is a duration that JSON shows as text, "100ms".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Calls returns edges by the names of the services that they index.
func Calls(edges []estimator.Edge, services []estimator.Service) []Call {
	var calls []Call
	for _, e := range edges {
		calls = append(calls, Call{services[e.Source].String(), services[e.Destination].String(), e.Weight})
	}
	return calls
}

// Labeller returns what makes the labels of a series of the services, which must
// include those of the calls.
func (l Label) Labeller(target string, services []estimator.Service) (samples.Labeller, error) {
	if l.Kind == artifact.LabelObserved {
		return samples.Observed{Feature: estimator.Feature(target)}, nil
	}
	required := samples.Required{SLO: time.Duration(l.SLO), SLOPercentile: l.SLOPercentile}
	names := estimator.ServiceNames(services)
	for _, c := range l.Calls {
		e := estimator.Edge{Source: slices.Index(names, c.Source), Destination: slices.Index(names, c.Destination), Weight: c.Weight}
		if min(e.Source, e.Destination) < 0 {
			return nil, fmt.Errorf("the call from %q to %q is not between services of the series", c.Source, c.Destination)
		}
		required.Calls = append(required.Calls, e)
	}
	return required, nil
}

// Training is what a backtest needs of the report that training leaves in the
// model file.
type Training struct {
	Label Label         `json:"label"`
	Split samples.Split `json:"split"`
}

// TrainingOf returns what the report of a model says, and what a model without
// one must have been trained with.
func TrainingOf(a *artifact.Model) (Training, error) {
	t := Training{Label: Label{Kind: a.Label}, Split: samples.DefaultSplit()}
	if a.Report == nil {
		return t, nil
	}
	if err := json.Unmarshal(a.Report, &t); err != nil {
		return t, fmt.Errorf("the training report in the model file: %w", err)
	}
	if t.Label.Kind != a.Label {
		return t, fmt.Errorf("the model file says that its label is %q, and its training report that it is %q", a.Label, t.Label.Kind)
	}
	return t, nil
}

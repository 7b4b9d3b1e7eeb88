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

// Label describes how the labels of a model were made. A backtest uses it to
// make the same from another history.
type Label struct {
	// Kind is one of the artifact's Label constants.
	Kind string `json:"kind"`
	// SLO and SLOPercentile are those of [samples.Required].
	SLO           Duration `json:"slo,omitzero"`
	SLOPercentile float64  `json:"sloPercentile,omitempty"`
	// MinUtilisation and MaxUtilisation are those of [samples.Required].
	MinUtilisation float64 `json:"minUtilisation,omitempty"`
	MaxUtilisation float64 `json:"maxUtilisation,omitempty"`
	// Calls is the invocation graph that separated the latencies of services from
	// those of their callees.
	Calls []Call `json:"calls,omitempty"`
}

// Call is an edge of the invocation graph, with the names of its services.
type Call struct {
	Source      string  `json:"source"`
	Destination string  `json:"destination"`
	Weight      float64 `json:"weight"`
}

// Duration is a duration with a text form in JSON, such as "100ms".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Calls returns edges with the names of the services that they index.
func Calls(edges []estimator.Edge, services []estimator.Service) []Call {
	var calls []Call
	for _, e := range edges {
		calls = append(calls, Call{services[e.Source].String(), services[e.Destination].String(), e.Weight})
	}
	return calls
}

// Labeller returns the labeller for a series of the services, which must include
// those of the calls.
func (l Label) Labeller(target string, services []estimator.Service) (samples.Labeller, error) {
	if l.Kind == artifact.LabelObserved {
		return samples.Observed{Feature: estimator.Feature(target)}, nil
	}
	required := samples.Required{
		SLO: time.Duration(l.SLO), SLOPercentile: l.SLOPercentile,
		MinUtilisation: l.MinUtilisation, MaxUtilisation: l.MaxUtilisation,
	}
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

// Training is the part of the report in the model file that a backtest needs.
type Training struct {
	Label Label         `json:"label"`
	Split samples.Split `json:"split"`
}

// TrainingOf returns the training from a model's report, or the only possible
// one for a model without a report.
func TrainingOf(a *artifact.Model) (Training, error) {
	t := Training{Label: Label{Kind: a.Label}, Split: samples.DefaultSplit()}
	if a.Report == nil {
		return t, nil
	}
	if err := json.Unmarshal(a.Report, &t); err != nil {
		return t, fmt.Errorf("the training report in the model file: %w", err)
	}
	if t.Label.Kind != a.Label {
		return t, fmt.Errorf("the label is %q in the model file, but %q in its training report", a.Label, t.Label.Kind)
	}
	return t, nil
}

package train

import (
	"encoding/json"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Report describes a training, with its form in JSON.
type Report struct {
	// Kind is the kind of network, Parent the hash of the model that training
	// started from.
	Kind   string  `json:"kind"`
	Parent string  `json:"parent,omitempty"`
	Series History `json:"series"`
	// Target is the feature to predict, from Features in a window of Window
	// steps, Horizons steps ahead.
	Target   string   `json:"target"`
	Features []string `json:"features"`
	Window   int      `json:"window"`
	Horizons []int    `json:"horizons"`
	Anchor   string   `json:"anchor"`
	// Trials are the short trainings by which Anchor was chosen, the preferred one first; left out
	// where it was given or there was no choice.
	Trials []Trial `json:"trials,omitempty"`
	Scale  string  `json:"scale"`
	Training
	Samples Samples `json:"samples"`
	// Season is how the requests recur; left out if they do not.
	Season *Season `json:"season,omitempty"`

	Network Network `json:"network"`
	// Parameters is the number of learned parameters, without the graph.
	Parameters int       `json:"parameters"`
	Learning   em.Config `json:"learning"`

	// History has one entry per epoch; the model file may omit it.
	History []Epoch `json:"history,omitempty"`
	// Validation is the loss of the model on the validation part, in standard
	// deviations of the labels.
	Validation float64 `json:"validation"`
	// ParentValidation is the loss of the parent on the same samples. KeptParent
	// is true if learning found nothing better: the model then has the parameters
	// and the graph of the parent, under a newly fitted scaler.
	ParentValidation *float64 `json:"parentValidation,omitempty"`
	KeptParent       bool     `json:"keptParent,omitempty"`
	// Shares has the factor of each output, in (horizon, quantile) or in (service, horizon, quantile): 0 where the network
	// predicts no better than its anchor.
	Shares []float64 `json:"shares,omitempty"`
	// Calls is the number of edges of the initial invocation graph, Edges that of the
	// affinity matrix without self-loops.
	Calls int `json:"calls"`
	Edges int `json:"edges"`
	// Test has the errors on the test part, in the target's own unit; nil
	// without a test part.
	Test *evaluate.Comparison `json:"test,omitempty"`

	Cost
}

// SharesAt returns the shares of all quantiles, and of all services that have their own, at
// one of the horizons.
func (r *Report) SharesAt(horizon int) []float64 {
	var all []float64
	levels := max(1, len(r.Learning.Quantiles))
	for i, share := range r.Shares {
		if i/levels%len(r.Horizons) == horizon {
			all = append(all, share)
		}
	}
	return all
}

// Epoch is one pass over the training part. A loss that is not finite, as when
// learning diverges, is null.
type Epoch struct {
	Iteration  int      `json:"iteration"`
	Phase      string   `json:"phase"`
	Epoch      int      `json:"epoch"`
	Training   *float64 `json:"training"`
	Validation *float64 `json:"validation"`
}

func newEpoch(e em.Epoch) Epoch {
	number := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	return Epoch{e.Iteration, e.Phase, e.Epoch, number(e.Training), number(e.Validation)}
}

// History describes the series that was learned from.
type History struct {
	Services int       `json:"services"`
	Steps    int       `json:"steps"`
	Step     Duration  `json:"step"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

// Samples is the number of samples in every part.
type Samples struct {
	Train      int `json:"train"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
}

// Network has the sizes of the network. Kernel is 0 without one.
type Network struct {
	Hidden int `json:"hidden"`
	Kernel int `json:"kernel,omitempty"`
	Blocks int `json:"blocks"`
}

// Cost is the cost of learning: seconds on the clock, processor seconds (user
// and system), and the peak memory of the process. The latter two are 0 where
// the system does not report them.
type Cost struct {
	Seconds     float64 `json:"seconds"`
	CoreSeconds float64 `json:"coreSeconds"`
	PeakBytes   int64   `json:"peakResidentBytes"`
}

// begin fills in the part of the report that is known before learning.
func (t *training) begin() {
	o, h := t.data.Options(), t.input.History
	parameters := 0
	for _, p := range t.network.Parameters() {
		parameters += len(p.Data)
	}
	t.report = &Report{
		Kind:   t.spec.Kind,
		Series: History{len(h.Services), h.Steps, Duration(h.Step), h.Start().UTC(), h.End.UTC()},
		Target: string(o.Target), Features: estimator.FeatureNames(o.Features), Window: o.Window, Horizons: o.Horizons,
		Anchor: string(o.Anchor), Trials: t.trials, Scale: string(o.Scale),
		Training:   Training{Label: t.spec.Label, Split: o.Split},
		Samples:    Samples{t.data.Samples(samples.Train), t.data.Samples(samples.Validation), t.data.Samples(samples.Test)},
		Network:    Network{Hidden: t.spec.Network.Hidden, Kernel: t.spec.Network.Kernel, Blocks: t.spec.Network.Blocks},
		Season:     t.seasonReport(),
		Parameters: parameters, Calls: len(t.input.Edges),
		Learning: t.spec.Learning,
	}
	if t.spec.Kind != artifact.KindDeepScaler {
		t.report.Network.Kernel = 0
	}
	if t.parent != nil {
		t.report.Parent = t.parent.Parent
	}
}

// mostEmbedded is the largest report to embed, well below the limit of a model
// file.
const mostEmbedded = 1 << 19

// embedded returns the report for the model file, without its history if that
// would be too long.
func (r *Report) embedded() (json.RawMessage, error) {
	text, err := json.Marshal(r)
	if err != nil || len(text) <= mostEmbedded {
		return text, err
	}
	short := *r
	short.History = nil
	if text, err = json.Marshal(short); err == nil && len(text) > mostEmbedded && short.Test != nil {
		test := *short.Test
		short.Test, test.Services = &test, nil
		text, err = json.Marshal(short)
	}
	return text, err
}

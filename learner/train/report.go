package train

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Report is what a training tells in JSON.
type Report struct {
	// Kind is that of the network, Parent the hash of the model that training
	// started from.
	Kind   string  `json:"kind"`
	Parent string  `json:"parent,omitempty"`
	Series History `json:"series"`
	// Target is what is predicted from Features and a window of Window steps,
	// Horizons steps ahead.
	Target   string   `json:"target"`
	Features []string `json:"features"`
	Window   int      `json:"window"`
	Horizons []int    `json:"horizons"`
	Anchor   string   `json:"anchor"`
	Scale    string   `json:"scale"`
	backtest.Training
	Samples Samples `json:"samples"`

	Network Network `json:"network"`
	// Parameters is the number of numbers that were learned, without the graph.
	Parameters int `json:"parameters"`
	// Learning is [em.Config].
	Learning map[string]json.RawMessage `json:"learning"`

	// History has one entry per epoch; it may be left out of the model file.
	History []Epoch `json:"history,omitempty"`
	// Validation is the loss of the model on the validation part, in standard
	// deviations of the labels.
	Validation float64 `json:"validation"`
	// Edges is the number of edges of the affinity matrix, self-loops apart.
	Edges int `json:"edges"`
	// Test is how well the model does on the test part, in the target's own
	// unit; left out when there is none.
	Test *evaluate.Comparison `json:"test,omitempty"`

	Cost
}

// Epoch is one pass over the training part. A loss that is no number, as when
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

// History is the series that was learned from.
type History struct {
	Services int               `json:"services"`
	Steps    int               `json:"steps"`
	Step     backtest.Duration `json:"step"`
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to"`
}

// Samples is the number of samples in every part.
type Samples struct {
	Train      int `json:"train"`
	Validation int `json:"validation"`
	Test       int `json:"test"`
}

// Network is the sizes of the network. Kernel is 0 when it has none.
type Network struct {
	Hidden int `json:"hidden"`
	Kernel int `json:"kernel,omitempty"`
	Blocks int `json:"blocks"`
}

// Cost is what learning took: seconds on the clock and of all processors, user
// and system together, and the most memory the process ever had. The latter two
// are 0 where the system does not tell.
type Cost struct {
	Seconds     float64 `json:"seconds"`
	CoreSeconds float64 `json:"coreSeconds"`
	PeakBytes   int64   `json:"peakResidentBytes"`
}

// begin returns the report as far as it is known before learning.
func (c *Config) begin(parameters int) *Report {
	o, s := c.data.Options(), c.data.Series()
	r := &Report{
		Kind:   c.kind,
		Series: History{len(s.Services), s.Steps, backtest.Duration(s.Step), s.Start().UTC(), s.End.UTC()},
		Target: string(o.Target), Features: estimator.FeatureNames(o.Features), Window: o.Window, Horizons: o.Horizons,
		Anchor: string(o.Anchor), Scale: string(o.Scale),
		Training:   backtest.Training{Label: c.label, Split: o.Split},
		Samples:    Samples{c.data.Samples(samples.Train), c.data.Samples(samples.Validation), c.data.Samples(samples.Test)},
		Network:    c.network(),
		Parameters: parameters,
	}
	if c.parent != nil {
		r.Parent = c.parent.Parent
	}
	return r
}

func (c *Config) network() Network {
	n := Network{Hidden: c.shape.Hidden, Kernel: c.shape.Kernel, Blocks: c.shape.Blocks}
	if c.kind != artifact.KindDeepScaler {
		n.Kernel = 0
	}
	return n
}

// settings returns a configuration in JSON under the names that JSON has here.
func settings(c em.Config) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(fields))
	for name, v := range fields {
		out[strings.ToLower(name[:1])+name[1:]] = v
	}
	return out, nil
}

// mostEmbedded is the largest report for a model file, well under what it takes.
const mostEmbedded = 1 << 19

// embedded returns the report for the model file, without its history when that
// would be too much.
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

// indented returns the report for people and scripts.
func (r *Report) indented() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(text, '\n'), nil
}

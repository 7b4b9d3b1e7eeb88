package em

import (
	"errors"
	"fmt"
)

// Config has the settings of learning. Start from [DefaultConfig].
type Config struct {
	// Iterations of expectation–maximisation. 1 with GraphEpochs 0 is plain
	// training on the initial graph.
	Iterations int `json:"iterations"`
	// Epochs is the number of passes of policy learning over the training
	// samples, per iteration.
	Epochs int `json:"epochs"`
	// GraphEpochs is the same for graph learning; 0 keeps the initial graph.
	GraphEpochs int `json:"graphEpochs"`
	// Batch is the number of samples of one step.
	Batch int `json:"batch"`
	// Rate is the learning rate of policy learning at the start. It falls as a
	// half cosine over all epochs of all iterations, to a hundredth.
	Rate float64 `json:"rate"`
	// GraphRate is the same for graph learning, over one iteration.
	GraphRate float64 `json:"graphRate"`
	// Decay is the decoupled weight decay of the network's filters, see
	// [gnn.Parameter.Decays].
	Decay float64 `json:"decay"`
	// Clip is the largest norm of a gradient.
	Clip float64 `json:"clip"`
	// Patience is the number of epochs without a better validation loss before
	// policy learning ends early. It applies to each iteration; 0 is never.
	Patience int `json:"patience"`
	// Jitter is the standard deviation of the shift that training gives every
	// feature of every service of a sample, in standard deviations of the feature;
	// 0 is none. Only for labels that are changes from values in the sample: a
	// shift keeps them right.
	Jitter float64 `json:"jitter"`
	// Disturb is the share of the samples in which the features of some services are
	// nonsense and their labels unknown; 0 is none.
	Disturb float64 `json:"disturb"`
	// Quantiles of the pinball loss, ascending; outputs use them in turn. 0.5 is the
	// L1 loss of Eq. 4. A higher one trades cost for fewer shortages.
	Quantiles []float64 `json:"quantiles"`

	// Graphs is N_max of Algorithm 2, the capacity of 𝒜.
	Graphs int `json:"graphs"`
	// Embedding is the number of columns of M₁ and M₂ (Eq. 5).
	Embedding int `json:"embedding"`
	// Threshold is ε of Eq. 6 as a share of 1/N, the weight of an edge if all
	// edges are equal: an absolute one that suits 4 services would leave 41
	// services with the identity.
	Threshold float64 `json:"threshold"`
	// NewEdges is δ of Eq. 7.
	NewEdges float64 `json:"newEdges"`
	// Sharpness multiplies the losses in the softmax of Eq. 9, relative to the
	// best loss: at 1, a graph whose loss is 1 % higher weighs 1 % less.
	Sharpness float64 `json:"sharpness"`

	// Workers is the number of goroutines.
	Workers int `json:"workers"`
	// Seed of all random numbers.
	Seed uint64 `json:"seed"`
}

// DefaultConfig returns the configuration of docs/learning/reference.md, which gives the reasons.
func DefaultConfig() Config {
	return Config{
		Iterations:  5,
		Epochs:      6,
		GraphEpochs: 2,
		Batch:       16,
		Rate:        2e-3,
		GraphRate:   1e-2,
		Decay:       0.9,
		Clip:        5,
		Patience:    0,
		Disturb:     0.5,
		Quantiles:   []float64{0.5},
		Graphs:      4,
		Embedding:   16,
		Threshold:   0.5,
		NewEdges:    0.1,
		Sharpness:   100,
		Workers:     2,
		Seed:        1,
	}
}

// quantiles returns the quantiles of the loss.
func (c Config) quantiles() []float32 {
	var all []float32
	for _, q := range c.Quantiles {
		all = append(all, float32(q))
	}
	return all
}

// Validate reports invalid values.
func (c Config) Validate() error {
	var errs []error
	atLeast := func(name string, v, low int) {
		if v < low {
			errs = append(errs, fmt.Errorf("%s is %d, want at least %d", name, v, low))
		}
	}
	positive := func(name string, v float64) {
		if !(v > 0) {
			errs = append(errs, fmt.Errorf("%s is %v, want more than 0", name, v))
		}
	}
	inside := func(name string, v float64) {
		if !(v > 0 && v < 1) {
			errs = append(errs, fmt.Errorf("%s is %v, want a number between 0 and 1", name, v))
		}
	}
	atLeast("iterations", c.Iterations, 1)
	atLeast("epochs", c.Epochs, 1)
	atLeast("graph epochs", c.GraphEpochs, 0)
	atLeast("batch", c.Batch, 1)
	atLeast("patience", c.Patience, 0)
	atLeast("graphs", c.Graphs, 1)
	atLeast("embedding", c.Embedding, 1)
	atLeast("workers", c.Workers, 1)
	positive("learning rate", c.Rate)
	positive("graph learning rate", c.GraphRate)
	positive("clip", c.Clip)
	positive("sharpness", c.Sharpness)
	if c.Decay < 0 || c.Decay >= 1 {
		errs = append(errs, fmt.Errorf("weight decay is %v, want 0 or more and less than 1", c.Decay))
	}
	if !(c.Jitter >= 0 && c.Jitter <= 10) {
		errs = append(errs, fmt.Errorf("jitter is %v standard deviations, want 0 to 10", c.Jitter))
	}
	if !(c.Disturb >= 0 && c.Disturb <= 1) {
		errs = append(errs, fmt.Errorf("share of disturbed samples is %v, want 0 to 1", c.Disturb))
	}
	if len(c.Quantiles) == 0 {
		errs = append(errs, errors.New("there are no quantiles, want at least one"))
	}
	for i, q := range c.Quantiles {
		inside("quantile", q)
		if i > 0 && !(q > c.Quantiles[i-1]) {
			errs = append(errs, fmt.Errorf("quantiles are %v, want them ascending", c.Quantiles))
		}
	}
	inside("threshold", c.Threshold)
	inside("share of new edges", c.NewEdges)
	return errors.Join(errs...)
}

package artifact

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// The kinds of network a model can hold.
const (
	// KindDeepScaler is the network of paper §IV-C.
	KindDeepScaler = "deepscaler"
	// KindDCRNN is the diffusion convolutional recurrent network, a baseline
	// of paper §V.
	KindDCRNN = "dcrnn"
	// KindTGCN is the temporal graph convolutional network, a baseline of
	// paper §V.
	KindTGCN = "tgcn"
)

// What a model was trained to predict.
const (
	// LabelObserved is the number of replicas that ran, as in the paper.
	LabelObserved = "observed"
	// LabelRequired is the fractional number of replicas that would have
	// sufficed, in hindsight.
	LabelRequired = "required"
)

// What the outputs of the network are relative to.
const (
	// AnchorLevel: the outputs are values of the target.
	AnchorLevel = ""
	// AnchorChange: the outputs are changes from the last observed target,
	// which is then one of the features.
	AnchorChange = "change"
	// AnchorDemand: the outputs are changes from the replicas that are enough for
	// the last observed demand, by the sizings of the scaler. Target is replicas,
	// Label is [LabelRequired], and replicas and cpu are among the features.
	AnchorDemand = "demand"
	// AnchorAnalytic: the outputs are changes from what queueing theory forecasts, as
	// the scaler configures it.
	// Target is replicas, Label is [LabelRequired], and analytic is among the features.
	AnchorAnalytic = "analytic"
)

// Model is a trained network with everything to run it or to train it further.
// N is the number of services, C the number of features.
type Model struct {
	// Kind is the network: one of the Kind constants.
	Kind string
	// Services are the rows, length N.
	Services []string
	// Features are the channels, length C.
	Features []string
	// Target is the estimated feature, such as "replicas".
	Target string
	// Label is the source of the labels: one of the Label constants.
	Label string
	// Window is τ, the number of steps the network looks back.
	Window int
	// Horizons are the steps ahead of each output, ascending, from 1.
	Horizons []int
	// Quantiles are the levels that the network predicts at each horizon, ascending;
	// empty means the one of the hyperparameters. Outputs are in the order of
	// (horizon, level).
	Quantiles []float64
	// Step is Δ, the time between two steps.
	Step time.Duration

	// Hyperparameters are the sizes of the network.
	Hyperparameters Hyperparameters
	// Scaler standardises inputs and outputs.
	Scaler Scaler
	// Affinity is the normalised affinity matrix [N,N] of the training,
	// row-major (A of paper Eq. 10).
	Affinity []float32
	// Graphs is the set 𝒜 that Affinity was combined from; further training
	// starts with it.
	Graphs []Graph

	// Season is how the requests of the history recur; nil if they do not. Its services
	// may be others than those of the model.
	Season *season.Season

	// Report is the training report, any JSON value; nil when there is none.
	// A round trip through a file removes insignificant white space.
	Report json.RawMessage
	// Parent is the hash of the model that training started from; "" for
	// training from scratch.
	Parent string
	// Created is when training ended.
	Created time.Time
	// Tensors are the parameters, in the order of the network.
	Tensors []Tensor
}

// Hyperparameters are the sizes of a network. Those that a kind of network
// lacks are 0.
type Hyperparameters struct {
	// Hidden is the number of channels inside the network (H).
	Hidden int `json:"hidden"`
	// Kernel is the number of taps of the temporal convolution (k).
	Kernel int `json:"kernel,omitempty"`
	// Blocks is the number of spatiotemporal blocks or recurrent layers.
	Blocks int `json:"blocks"`
	// Order is the order of the graph convolution (K of Eq. 13), or the
	// diffusion steps of [KindDCRNN]; 0 means the fixed one of the kind.
	Order int `json:"order,omitempty"`
	// Quantile is the quantile that is served unless another is asked for, in (0,1): that
	// of the pinball loss where there is one, of which 0.5 is the L1 loss of Eq. 4.
	Quantile float64 `json:"quantile"`
}

// Scaler standardises what enters the network and restores what leaves it:
// input = (sample − Mean) / Std, within ±Clamp, and
// target = anchor + TargetStd · (share · output + offset).
// The anchor is TargetMean with [AnchorLevel], and with the others where what they
// look at was not observed in the window.
type Scaler struct {
	// Mean and Std are [N][C], in the units of each feature.
	Mean [][]float64 `json:"mean"`
	Std  [][]float64 `json:"std"`
	// TargetMean and TargetStd have length N, in the units of the target.
	TargetMean []float64 `json:"targetMean"`
	TargetStd  []float64 `json:"targetStd"`
	// Anchor is the reference of the restored target: one of the Anchor
	// constants.
	Anchor string `json:"anchor"`
	// Sizings has one sizing per service with [AnchorDemand], else none.
	Sizings []demand.Sizing `json:"sizings,omitempty"`
	// Shares has a factor of each output, from a calibration on held-back samples: O for
	// all services, or N·O in (service, output). Empty means that all are 1.
	Shares []float64 `json:"shares,omitempty"`
	// Offsets are added to the outputs. With them the share of held-back samples
	// below each output equals its quantile. As many as shares; empty means 0 for all.
	Offsets []float64 `json:"offsets,omitempty"`
	// Low and High are the range of every feature in the training part, [N][C]. Beyond it
	// the outputs of the network fade. Both are empty in models whose outputs do not.
	Low  [][]float64 `json:"low,omitempty"`
	High [][]float64 `json:"high,omitempty"`
	// Clamp bounds inputs other than target and analytic forecast; 0 is no bound.
	Clamp float64 `json:"clamp,omitempty"`
	// Analytic configures the feature analytic, and AnalyticWindow is its window in
	// steps; nil and 0 without it.
	Analytic       *queueing.Config `json:"analytic,omitempty"`
	AnalyticWindow int              `json:"analyticWindow,omitempty"`
}

// Reach returns the range of every feature in the training part.
func (s Scaler) Reach() features.Reach {
	return features.Reach{Low: slices.Concat(s.Low...), High: slices.Concat(s.High...)}
}

// Levels returns the quantiles that the network predicts, at least one.
func (m *Model) Levels() []float64 {
	if len(m.Quantiles) == 0 {
		return []float64{m.Hyperparameters.Quantile}
	}
	return m.Quantiles
}

// PerService returns shares or offsets of the scaler as N·O numbers in (service,
// output), and a default where they are empty.
func (m *Model) PerService(values []float64, otherwise float64) []float64 {
	if len(values) == 0 {
		values = []float64{otherwise}
	}
	return slices.Repeat(values, len(m.Services)*m.Outputs()/len(values))
}

// Outputs returns the number of outputs for each service, O.
func (m *Model) Outputs() int { return len(m.Horizons) * len(m.Levels()) }

// Graph is one member of the set 𝒜.
type Graph struct {
	// Name is unique within the set.
	Name string
	// Loss is the validation loss that gives the weight of the graph in Eq. 9;
	// NaN before the first scoring.
	Loss float64
	// Affinity is the matrix [N,N], row-major.
	Affinity []float32
}

// Tensor is one parameter.
type Tensor struct {
	// Name is unique within the model, such as "blocks.0.attention.u1".
	Name string
	// Shape holds the dimensions, outermost first; empty for a scalar.
	Shape []int
	// Data is row-major; its length is the product of Shape.
	Data []float32
}

// Tensor returns the parameter of that name.
func (m *Model) Tensor(name string) (Tensor, bool) {
	for _, t := range m.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Names of the tensors that are not parameters.
const (
	affinityName = "affinity"
	graphPrefix  = "graphs."
)

// stored returns all tensors in the order in which they are stored and hashed.
func (m *Model) stored() []Tensor {
	square := []int{len(m.Services), len(m.Services)}
	all := make([]Tensor, 0, 1+len(m.Graphs)+len(m.Tensors))
	all = append(all, Tensor{Name: affinityName, Shape: square, Data: m.Affinity})
	for _, g := range m.Graphs {
		all = append(all, Tensor{Name: graphPrefix + g.Name, Shape: square, Data: g.Affinity})
	}
	return append(all, m.Tensors...)
}

// Expected returns the season of the model as a source of features; nil without one.
func (m *Model) Expected() season.Source {
	if m.Season == nil {
		return nil
	}
	return m.Season
}

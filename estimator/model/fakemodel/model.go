// Package fakemodel makes models that are valid and forecast what a test wants.
package fakemodel

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/model"
)

// Shape is what a model looks like to who serves it.
type Shape struct {
	Services []string
	Step     time.Duration
	// Window and Horizon are in steps.
	Window, Horizon int
	// Hidden and Blocks are the size of the network.
	Hidden, Blocks int
	// Quantiles are the levels that it predicts, each a replica above the one before;
	// none for the median.
	Quantiles []float64
}

// Constant returns a model of that shape that forecasts the same replicas for every service.
// Its network answers 0, as before training, which stands for the mean.
func Constant(s Shape, replicas float64) (*artifact.Model, error) {
	m := &artifact.Model{
		Kind: artifact.KindDeepScaler, Services: s.Services, Features: estimator.FeatureNames(estimator.DefaultFeatures()),
		Target: string(estimator.Replicas), Label: artifact.LabelRequired,
		Window: s.Window, Step: s.Step, Quantiles: s.Quantiles, Created: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		Hyperparameters: artifact.Hyperparameters{Hidden: s.Hidden, Kernel: 3, Blocks: s.Blocks, Quantile: 0.5},
	}
	for h := range s.Horizon {
		m.Horizons = append(m.Horizons, h+1)
	}
	n, c := len(s.Services), len(m.Features)
	m.Scaler = artifact.Scaler{TargetMean: slices.Repeat([]float64{replicas}, n), TargetStd: slices.Repeat([]float64{1}, n)}
	for range s.Horizon {
		for level := range s.Quantiles {
			m.Scaler.Offsets = append(m.Scaler.Offsets, float64(level))
		}
	}
	for range n {
		m.Scaler.Mean = append(m.Scaler.Mean, make([]float64, c))
		m.Scaler.Std = append(m.Scaler.Std, slices.Repeat([]float64{1}, c))
	}
	m.Affinity = slices.Repeat([]float32{1 / float32(n)}, n*n)
	network, err := model.DeepScaler().New(model.Config(m), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		return nil, err
	}
	m.Tensors = model.Tensors(network)
	return m, m.Validate()
}

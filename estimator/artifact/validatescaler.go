package artifact

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

func (m *Model) validateScaler() error {
	s := m.Scaler
	n := len(m.Services)
	if len(s.Mean) != n || len(s.Std) != n || len(s.TargetMean) != n || len(s.TargetStd) != n {
		return fmt.Errorf("scaler has %d, %d, %d and %d rows of mean, std, targetMean and targetStd for %d services",
			len(s.Mean), len(s.Std), len(s.TargetMean), len(s.TargetStd), n)
	}
	for i, service := range m.Services {
		if len(s.Mean[i]) != len(m.Features) || len(s.Std[i]) != len(m.Features) {
			return fmt.Errorf("scaler of service %q has %d means and %d stds for %d features",
				service, len(s.Mean[i]), len(s.Std[i]), len(m.Features))
		}
		for c, feature := range m.Features {
			if err := validateMoments(s.Mean[i][c], s.Std[i][c]); err != nil {
				return fmt.Errorf("scaler of service %q, feature %q: %w", service, feature, err)
			}
		}
		if err := validateMoments(s.TargetMean[i], s.TargetStd[i]); err != nil {
			return fmt.Errorf("scaler of service %q, target: %w", service, err)
		}
	}
	if len(s.Low)+len(s.High) > 0 {
		if err := s.Reach().Validate(n * len(m.Features)); err != nil {
			return err
		}
	}
	for name, v := range map[string][]float64{"shares": s.Shares, "offsets": s.Offsets} {
		if len(v) != 0 && len(v) != m.Outputs() && len(v) != len(m.Services)*m.Outputs() {
			return fmt.Errorf("scaler has %d %s for %d horizons and %d levels of %d services", len(v), name, len(m.Horizons), len(m.Levels()), len(m.Services))
		}
	}
	for i, share := range s.Shares {
		if math.IsNaN(share) {
			return fmt.Errorf("share of output %d is NaN: %w", i, ErrNotFinite)
		}
		if share < 0 || share > maxShare {
			return fmt.Errorf("share of output %d is %v, want 0 to %d", i, share, maxShare)
		}
	}
	for i, offset := range s.Offsets {
		if math.IsNaN(offset) || math.IsInf(offset, 0) {
			return fmt.Errorf("offset of output %d is %v: %w", i, offset, ErrNotFinite)
		}
	}
	if !(s.Clamp >= 0 && s.Clamp <= features.MaxScaled) {
		return fmt.Errorf("clamp is %v standard deviations, want 0 for none to %v", s.Clamp, features.MaxScaled)
	}
	if (s.Analytic != nil) != slices.Contains(m.Features, string(estimator.Analytic)) {
		return fmt.Errorf("the feature %q and its configuration belong together, but one is missing", estimator.Analytic)
	}
	if s.Analytic != nil {
		if _, err := queueing.NewAnalytic(*s.Analytic, s.AnalyticWindow); err != nil {
			return fmt.Errorf("analytic forecast: %w", err)
		}
		if s.AnalyticWindow > maxSteps {
			return fmt.Errorf("analytic forecast from %d steps, want at most %d", s.AnalyticWindow, maxSteps)
		}
	}
	return m.validateAnchor()
}

func (m *Model) validateAnchor() error {
	s := m.Scaler
	switch s.Anchor {
	case AnchorLevel:
	case AnchorChange:
		if !slices.Contains(m.Features, m.Target) {
			return fmt.Errorf("outputs are changes of %q, which is not among the features", m.Target)
		}
	case AnchorAnalytic:
		if m.Target != string(estimator.Replicas) || m.Label != LabelRequired || s.Analytic == nil {
			return fmt.Errorf("outputs are changes from the analytic forecast of replicas, but the target is %q, the label %q and the features %q", m.Target, m.Label, m.Features)
		}
	case AnchorDemand:
		return m.validateSizings()
	default:
		return fmt.Errorf("anchor is %q, want %q, %q, %q or %q", s.Anchor, AnchorLevel, AnchorChange, AnchorDemand, AnchorAnalytic)
	}
	if len(s.Sizings) > 0 {
		return fmt.Errorf("scaler has %d sizings, which the anchor %q does not use", len(s.Sizings), s.Anchor)
	}
	return nil
}

func (m *Model) validateSizings() error {
	if m.Target != string(estimator.Replicas) || m.Label != LabelRequired {
		return fmt.Errorf("outputs are changes from the demand for replicas, but the target is %q and the label %q", m.Target, m.Label)
	}
	for _, f := range []estimator.Feature{estimator.Replicas, estimator.CPU} {
		if !slices.Contains(m.Features, string(f)) {
			return fmt.Errorf("outputs are changes from the demand, which needs %q, and that is not among the features", f)
		}
	}
	if len(m.Scaler.Sizings) != len(m.Services) {
		return fmt.Errorf("scaler has %d sizings for %d services", len(m.Scaler.Sizings), len(m.Services))
	}
	for i, sizing := range m.Scaler.Sizings {
		for _, v := range []float64{sizing.Idle, sizing.Utilisation} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("sizing of service %q has %v: %w", m.Services[i], v, ErrNotFinite)
			}
		}
		if err := sizing.Validate(); err != nil {
			return fmt.Errorf("sizing of service %q: %w", m.Services[i], err)
		}
	}
	return nil
}

// maxShare bounds the factor of an output. A calibration with more was made on
// other data than the training.
const maxShare = 10

// validateMoments also refuses a deviation so small that dividing by it
// overflows.
func validateMoments(mean, std float64) error {
	switch {
	case math.IsNaN(mean) || math.IsInf(mean, 0):
		return fmt.Errorf("mean is %v: %w", mean, ErrNotFinite)
	case math.IsNaN(std) || math.IsInf(std, 0):
		return fmt.Errorf("std is %v: %w", std, ErrNotFinite)
	case std <= 0 || math.IsInf(1/std, 0):
		return fmt.Errorf("std is %v, want a positive number", std)
	}
	return nil
}

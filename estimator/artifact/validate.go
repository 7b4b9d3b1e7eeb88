package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/deepscaler/deepscaler/estimator"
)

// Bounds far beyond any real model.
const (
	maxServices   = 8192
	maxFeatures   = 256
	maxTensors    = 4096
	maxDimensions = 8
	maxSteps      = 1 << 16
	maxStep       = 24 * time.Hour
	maxSize       = 1 << 16 // of one hyperparameter
	maxName       = 512     // bytes
	maxReport     = 1 << 20 // bytes
)

// Validate reports the first fault of the model, as an error that wraps [ErrInvalid].
// The network checks whether its parameters are complete.
func (m *Model) Validate() error {
	for _, check := range []func() error{
		m.validateAxes, m.validateNetwork, m.validateScaler, m.validateGraphs, m.validateTensors, m.validateProvenance,
	} {
		if err := check(); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	return nil
}

func (m *Model) validateAxes() error {
	if err := validateNames("service", m.Services, maxServices); err != nil {
		return err
	}
	if _, err := estimator.ParseServices(m.Services); err != nil {
		return err
	}
	if err := validateNames("feature", m.Features, maxFeatures); err != nil {
		return err
	}
	if m.Window < 1 || m.Window > maxSteps {
		return fmt.Errorf("window is %d steps, want 1 to %d", m.Window, maxSteps)
	}
	if len(m.Horizons) == 0 {
		return errors.New("there are no horizons, want at least one step ahead")
	}
	previous := 0
	for i, h := range m.Horizons {
		if h <= previous || h > maxSteps {
			return fmt.Errorf("horizon %d is %d steps ahead, want an ascending list from 1 to %d", i, h, maxSteps)
		}
		previous = h
	}
	for i, q := range m.Quantiles {
		if !(q > 0 && q < 1) || i > 0 && q <= m.Quantiles[i-1] {
			return fmt.Errorf("quantiles are %v, want ascending numbers between 0 and 1", m.Quantiles)
		}
	}
	if m.Season != nil {
		if err := m.Season.Validate(); err != nil {
			return err
		}
	}
	if m.Step <= 0 || m.Step > maxStep {
		return fmt.Errorf("step is %v, want more than 0 and at most %v", m.Step, maxStep)
	}
	return nil
}

func (m *Model) validateNetwork() error {
	switch m.Kind {
	case KindDeepScaler, KindDCRNN, KindTGCN:
	default:
		return fmt.Errorf("kind is %q, want %q, %q or %q", m.Kind, KindDeepScaler, KindDCRNN, KindTGCN)
	}
	if m.Label != LabelObserved && m.Label != LabelRequired {
		return fmt.Errorf("label is %q, want %q or %q", m.Label, LabelObserved, LabelRequired)
	}
	if err := validateName(m.Target); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	p := m.Hyperparameters
	switch {
	case p.Hidden < 1 || p.Hidden > maxSize:
		return fmt.Errorf("hidden is %d channels, want 1 to %d", p.Hidden, maxSize)
	case p.Blocks < 1 || p.Blocks > maxSize:
		return fmt.Errorf("blocks is %d, want 1 to %d", p.Blocks, maxSize)
	case p.Kernel < 0 || p.Kernel > maxSize:
		return fmt.Errorf("kernel is %d taps, want 0 to %d", p.Kernel, maxSize)
	case p.Order < 0 || p.Order > maxSize:
		return fmt.Errorf("order is %d, want 0 to %d", p.Order, maxSize)
	case !(p.Quantile > 0 && p.Quantile < 1):
		return fmt.Errorf("quantile is %v, want a number between 0 and 1", p.Quantile)
	case m.Kind == KindDeepScaler && p.Hidden%2 != 0:
		return fmt.Errorf("hidden is %d channels, want an even number: half are for each direction of the graph", p.Hidden)
	case m.Kind == KindDeepScaler && p.Kernel%2 != 1:
		return fmt.Errorf("kernel is %d taps, want an odd number", p.Kernel)
	}
	return nil
}

func (m *Model) validateGraphs() error {
	if err := validateAffinity(m.Affinity, len(m.Services)); err != nil {
		return fmt.Errorf("affinity: %w", err)
	}
	seen := make(map[string]struct{}, len(m.Graphs))
	for i, g := range m.Graphs {
		if err := validateName(g.Name); err != nil {
			return fmt.Errorf("graph %d: %w", i, err)
		}
		if _, ok := seen[g.Name]; ok {
			return fmt.Errorf("graph %q occurs twice", g.Name)
		}
		seen[g.Name] = struct{}{}
		if math.IsInf(g.Loss, 0) {
			return fmt.Errorf("graph %q: loss is %v: %w", g.Name, g.Loss, ErrNotFinite)
		}
		if g.Loss < 0 {
			return fmt.Errorf("graph %q: loss is %v, want at least 0, or NaN when it is not known", g.Name, g.Loss)
		}
		if err := validateAffinity(g.Affinity, len(m.Services)); err != nil {
			return fmt.Errorf("graph %q: %w", g.Name, err)
		}
	}
	return nil
}

func validateAffinity(a []float32, services int) error {
	if len(a) != services*services {
		return fmt.Errorf("matrix has %d entries for %d services, want %d", len(a), services, services*services)
	}
	if err := validateFinite(a); err != nil {
		return err
	}
	for i, v := range a {
		if v < 0 {
			return fmt.Errorf("entry [%d,%d] is %v, want at least 0", i/services, i%services, v)
		}
	}
	return nil
}

func (m *Model) validateTensors() error {
	if len(m.Tensors) == 0 {
		return errors.New("there are no parameters")
	}
	if count := 1 + len(m.Graphs) + len(m.Tensors); count > maxTensors {
		return fmt.Errorf("there are %d tensors, want at most %d", count, maxTensors)
	}
	seen := make(map[string]struct{}, len(m.Tensors))
	for i, t := range m.Tensors {
		if err := validateName(t.Name); err != nil {
			return fmt.Errorf("tensor %d: %w", i, err)
		}
		if t.Name == affinityName || t.Name == metadataKey || strings.HasPrefix(t.Name, graphPrefix) {
			return fmt.Errorf("tensor name %q is reserved", t.Name)
		}
		if _, ok := seen[t.Name]; ok {
			return fmt.Errorf("tensor %q occurs twice", t.Name)
		}
		seen[t.Name] = struct{}{}
		elements, err := elementCount(t.Shape)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if elements != int64(len(t.Data)) {
			return fmt.Errorf("tensor %q of shape %v has %d elements, want %d", t.Name, t.Shape, len(t.Data), elements)
		}
		if err := validateFinite(t.Data); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

func (m *Model) validateProvenance() error {
	if m.Report != nil {
		switch {
		case len(m.Report) > maxReport:
			return fmt.Errorf("report has %d bytes, want at most %d", len(m.Report), maxReport)
		case !utf8.Valid(m.Report) || !json.Valid(m.Report):
			return errors.New("report is not JSON")
		}
	}
	if m.Parent != "" && !isChecksum(m.Parent) {
		return fmt.Errorf("parent is %.80q, want the hash of a model or nothing", m.Parent)
	}
	if year := m.Created.UTC().Year(); year < 1970 || year > 9999 {
		return fmt.Errorf("creation time is in the year %d, want 1970 to 9999", year)
	}
	return nil
}

func validateNames(what string, names []string, most int) error {
	if len(names) == 0 || len(names) > most {
		return fmt.Errorf("there are %d %ss, want 1 to %d", len(names), what, most)
	}
	seen := make(map[string]struct{}, len(names))
	for i, name := range names {
		if err := validateName(name); err != nil {
			return fmt.Errorf("%s %d: %w", what, i, err)
		}
		if _, ok := seen[name]; ok {
			return fmt.Errorf("%s %q occurs twice", what, name)
		}
		seen[name] = struct{}{}
	}
	return nil
}

func validateName(name string) error {
	switch {
	case name == "":
		return errors.New("name is empty")
	case len(name) > maxName:
		return fmt.Errorf("name %.40q… has %d bytes, want at most %d", name, len(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("name %q has characters that cannot be printed", name)
	}
	return nil
}

func validateFinite(data []float32) error {
	for i, v := range data {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("element %d is %v: %w", i, v, ErrNotFinite)
		}
	}
	return nil
}

// elementCount returns the product of the dimensions. It refuses empty tensors,
// and products whose size in bytes could overflow.
func elementCount(shape []int) (int64, error) {
	if len(shape) > maxDimensions {
		return 0, fmt.Errorf("shape has %d dimensions, want at most %d", len(shape), maxDimensions)
	}
	count := int64(1)
	for _, d := range shape {
		if d < 1 {
			return 0, fmt.Errorf("shape %v has a dimension below 1", shape)
		}
		if int64(d) > math.MaxInt64/floatBytes/count {
			return 0, fmt.Errorf("shape %v has too many elements", shape)
		}
		count *= int64(d)
	}
	return count, nil
}

package samples

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
)

// Part is one of the three parts of a history.
type Part int

// The parts, in the order of time.
const (
	Train Part = iota
	Validation
	Test
	parts = iota
)

// String returns the part's name.
func (p Part) String() string {
	switch p {
	case Train:
		return "train"
	case Validation:
		return "validation"
	case Test:
		return "test"
	}
	return "part " + strconv.Itoa(int(p))
}

// Split divides a history in time order, without shuffling: it has the
// fractions of steps for training, validation and test, with the sum 1.
type Split struct {
	Train, Validation, Test float64
}

// DefaultSplit returns 70/10/20, the split of the traffic forecasting
// literature.
func DefaultSplit() Split { return Split{Train: 0.7, Validation: 0.1, Test: 0.2} }

// minPart is the smallest part that is not empty.
const minPart = 0.01

// ParseSplit reads a split such as "70/10/20". Only the proportions matter.
// Validation and test may be 0.
func ParseSplit(text string) (Split, error) {
	cells := strings.Split(text, "/")
	if len(cells) != parts {
		return Split{}, fmt.Errorf("split %q: want three numbers such as 70/10/20", text)
	}
	var v [parts]float64
	for i, cell := range cells {
		f, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
		if err != nil || !(f >= 0 && f <= 1e9) {
			return Split{}, fmt.Errorf("split %q: %q is not a number from 0, want three numbers such as 70/10/20", text, cell)
		}
		v[i] = f
	}
	total := v[Train] + v[Validation] + v[Test]
	s := Split{Train: v[Train] / total, Validation: v[Validation] / total, Test: v[Test] / total}
	if err := s.Validate(); err != nil {
		return Split{}, fmt.Errorf("split %q: %w", text, err)
	}
	return s, nil
}

// String returns the split in per cent, as [ParseSplit] reads it.
func (s Split) String() string {
	text, _ := s.MarshalText()
	return string(text)
}

// MarshalText implements [encoding.TextMarshaler].
func (s Split) MarshalText() ([]byte, error) {
	percent := func(f float64) string { return strconv.FormatFloat(math.Round(1e8*f)/1e6, 'f', -1, 64) }
	return []byte(percent(s.Train) + "/" + percent(s.Validation) + "/" + percent(s.Test)), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Split) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSplit(string(text))
	return err
}

// Validate reports an invalid split.
func (s Split) Validate() error {
	for i, f := range []float64{s.Train, s.Validation, s.Test} {
		if !(f >= minPart || f == 0 && Part(i) != Train) || f > 1 {
			return fmt.Errorf("the %v part is %v of the history, want at least %v", Part(i), f, minPart)
		}
	}
	if total := s.Train + s.Validation + s.Test; math.Abs(total-1) > 1e-6 {
		return fmt.Errorf("the parts add up to %v, want 1", total)
	}
	return nil
}

// Of returns the steps of a part of a history of so many steps.
func (s Split) Of(p Part, steps int) estimator.Range { return s.ranges(steps)[p] }

// ranges returns the steps of every part.
func (s Split) ranges(steps int) [parts]estimator.Range {
	trained := int(math.Round(float64(steps) * s.Train))
	validated := steps - int(math.Round(float64(steps)*s.Test))
	if s.Validation == 0 {
		validated = trained
	}
	if s.Test == 0 {
		validated = steps
	}
	if s.Validation == 0 && s.Test == 0 {
		trained = steps
	}
	trained = min(trained, validated)
	return [parts]estimator.Range{{From: 0, To: trained}, {From: trained, To: validated}, {From: validated, To: steps}}
}

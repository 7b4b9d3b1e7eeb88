package flags

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator"
)

// maxHorizon is the furthest step ahead that an artifact allows.
const maxHorizon = 1 << 16

// horizons are the steps ahead to predict, ascending from 1, as the value of a
// flag. A number N stands for the steps 1 to N, a list for the steps in it.
type horizons []int

var _, _ pflag.Value = (*horizons)(nil), (*features)(nil)

// Set implements [pflag.Value].
func (h *horizons) Set(text string) error {
	var steps horizons
	for cell := range strings.SplitSeq(text, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(cell))
		if err != nil || v < 1 || v > maxHorizon {
			return fmt.Errorf("%q is not a number of steps from 1 to %d; want one for all steps up to it, or a list such as 1,4,10", cell, maxHorizon)
		}
		steps = append(steps, v)
	}
	if len(steps) == 1 {
		furthest := steps[0]
		steps = steps[:0]
		for v := range furthest {
			steps = append(steps, v+1)
		}
	}
	slices.Sort(steps)
	if len(slices.Compact(slices.Clone(steps))) != len(steps) {
		return fmt.Errorf("%q contains a step twice", text)
	}
	*h = steps
	return nil
}

// String implements [pflag.Value].
func (h *horizons) String() string {
	cells := make([]string, len(*h))
	for i, v := range *h {
		cells[i] = strconv.Itoa(v)
	}
	return strings.Join(cells, ",")
}

// Type implements [pflag.Value].
func (h *horizons) Type() string { return "steps" }

// features are names of features, comma-separated.
type features []estimator.Feature

// Set implements [pflag.Value].
func (f *features) Set(text string) error {
	*f = nil
	if text != "" {
		*f = estimator.Features(strings.Split(text, ","))
	}
	return nil
}

// String implements [pflag.Value].
func (f *features) String() string { return strings.Join(estimator.FeatureNames(*f), ",") }

// Type implements [pflag.Value].
func (f *features) Type() string { return "names" }

// quantiles are ascending numbers between 0 and 1, comma-separated.
type quantiles []float64

// Set implements [pflag.Value].
func (q *quantiles) Set(text string) error {
	var all quantiles
	for cell := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
		if err != nil {
			return fmt.Errorf("%q is not a number between 0 and 1", cell)
		}
		all = append(all, v)
	}
	*q = all
	return nil
}

// String implements [pflag.Value].
func (q *quantiles) String() string {
	cells := make([]string, len(*q))
	for i, v := range *q {
		cells[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(cells, ",")
}

// Type implements [pflag.Value].
func (q *quantiles) Type() string { return "quantiles" }

package samples

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/history"
)

// Set is the samples of one history. Sample i of a part shows the features
// of N services at the τ steps up to its origin, and has a label for every
// service at each of the H horizons after the origin.
//
// A sample belongs to a part when all its labels do; its window may reach back
// into the part before. Samples of a part are in time order, one step apart but for
// those without any label, which are left out.
//
// A Set does not change and is safe for concurrent use.
type Set struct {
	options Options
	series  *estimator.Window // as given, with every feature
	ranges  [parts]estimator.Range
	origins [parts][]int // of the samples that have a label, ascending

	labels   []float64 // [steps][service], NaN masked
	censored []bool    // labels that are lower bounds; nil when there are none

	inputs                   *estimator.Window // the features of the options
	scaled                   []float32         // inputs, scaled, with the gaps
	inputScaler, labelScaler *features.Scaler  // the latter of one feature
	pipeline                 *features.Pipeline
}

// New makes samples of a series.
//
// Every part that the split asks for has a sample, and every sample a label. A
// history that is too short, or has gaps where a part needs labels, is an error.
func New(s *estimator.Window, o Options) (*Set, error) {
	d, err := newSet(s, o)
	if err != nil {
		return nil, fmt.Errorf("make samples: %w", err)
	}
	return d, nil
}

func newSet(s *estimator.Window, o Options) (*Set, error) {
	if err := history.Validate(s); err != nil {
		return nil, err
	}
	o = o.complete(s)
	if err := o.validate(); err != nil {
		return nil, err
	}
	if !o.enough(s.Steps) {
		return nil, fmt.Errorf("the history has %d steps; a window of %d, horizons up to %d and a split of %v need at least %d",
			s.Steps, o.Window, o.furthest(), o.Split, o.stepsNeeded())
	}
	d := &Set{options: o, series: s, ranges: o.Split.ranges(s.Steps)}
	var err error
	if d.inputs, err = s.Select(o.Features); err != nil {
		return nil, err
	}
	if d.options.Reach == nil {
		r := features.FitReach(d.inputs, d.ranges[Train])
		d.options.Reach = &r
	}
	inputs, err := features.Fit(d.inputs, d.ranges[Train], o.Scale)
	if err != nil {
		return nil, err
	}
	labels, err := d.label()
	if err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	for p, r := range o.origins(s.Steps) {
		if d.origins[p] = d.labelled(r); len(d.origins[p]) == 0 && r.Len() > 0 {
			return nil, fmt.Errorf("none of the %d samples of the %v part has a label: the history has gaps there; choose another split or a longer history",
				r.Len(), Part(p))
		}
	}
	return d, d.scale(inputs, labels)
}

// label makes the labels, and returns their scaler.
func (d *Set) label() (*features.Scaler, error) {
	if err := d.makeLabels(); err != nil {
		return nil, err
	}
	if err := checkLabels(d.labels, d.series, d.ranges[Train]); err != nil {
		return nil, err
	}
	w := *d.series
	w.Features, w.Values = []estimator.Feature{d.options.Target}, d.labels
	return features.Fit(&w, d.ranges[Train], d.options.Scale)
}

// labelled returns the origins in r of the samples that have a label.
func (d *Set) labelled(r estimator.Range) []int {
	services := len(d.series.Services)
	known := make([]bool, d.series.Steps) // of any service
	for i, v := range d.labels {
		known[i/services] = known[i/services] || !math.IsNaN(v)
	}
	var origins []int
	for origin := r.From; origin < r.To; origin++ {
		if slices.ContainsFunc(d.options.Horizons, func(ahead int) bool { return known[origin+ahead] }) {
			origins = append(origins, origin)
		}
	}
	return origins
}

// scale puts the samples under the given scalers.
func (d *Set) scale(inputs, labels *features.Scaler) (err error) {
	d.inputScaler, d.labelScaler = inputs, labels
	d.pipeline, err = features.New(features.Spec{
		Features: d.options.Features, Target: d.options.Target, Inputs: inputs, Labels: labels,
		Anchor: d.options.Anchor, Sizings: d.options.Sizings, Clamp: d.options.Clamp, Reach: *d.options.Reach,
	})
	if err != nil {
		return err
	}
	d.scaled = make([]float32, len(d.inputs.Values))
	d.pipeline.Scale(d.scaled, d.inputs.Values)
	return nil
}

// WithScalers returns the same samples under other scalers than those fitted on
// the training part. A network needs the scalers of its training. The labels in
// their own unit do not change.
//
// inputs is over the features of the options and labels has one feature. The
// mean of labels replaces an anchor that was not observed in the window.
func (d *Set) WithScalers(inputs, labels *features.Scaler) (*Set, error) {
	if n := len(d.series.Services); inputs.Services != n {
		return nil, fmt.Errorf("the scaler of the inputs is for %d services, want %d", inputs.Services, n)
	}
	out := *d
	return &out, out.scale(inputs, labels)
}

// Options returns the options the samples were made with, defaults filled in: the reach,
// and with [features.AnchorDemand] the sizings too.
func (d *Set) Options() Options { return d.options }

// Series returns the history the samples were made of.
func (d *Set) Series() *estimator.Window { return d.series }

// InputScaler returns the scaler of the inputs, over the features of the
// options.
func (d *Set) InputScaler() *features.Scaler { return d.inputScaler }

// LabelScaler returns the scaler of the labels; it has one feature. Except with
// [features.AnchorLevel], its mean only replaces an anchor that was not observed.
func (d *Set) LabelScaler() *features.Scaler { return d.labelScaler }

// Range returns the steps that belong to the part, those of its labels.
func (d *Set) Range(p Part) estimator.Range { return d.ranges[p] }

// Samples returns the number of samples of the part.
func (d *Set) Samples(p Part) int { return len(d.origins[p]) }

// Origin returns the last input step of sample i of the part.
func (d *Set) Origin(p Part, i int) int {
	if i < 0 || i >= d.Samples(p) {
		panic(fmt.Sprintf("samples: sample %d of the %v part, which has %d", i, p, d.Samples(p)))
	}
	return d.origins[p][i]
}

// Time returns the time of the last input step of sample i of the part.
func (d *Set) Time(p Part, i int) time.Time { return d.series.Time(d.Origin(p, i)) }

// Label returns that of service n at a step, in its own unit; NaN where there is
// none.
func (d *Set) Label(step, n int) float64 { return d.labels[step*len(d.series.Services)+n] }

// truth returns what service n was to be predicted at a horizon after an origin, and
// whether it is a lower bound. With [estimator.Analytic] among the features it is the largest label
// within the horizon, a bound when one of them is or is not known; else it is the
// label at its end.
func (d *Set) truth(origin, ahead, n int) (value float64, censored bool) {
	first := origin + ahead
	if d.peaks() {
		first = origin + 1
	}
	value = math.NaN()
	for step := first; step <= origin+ahead; step++ {
		i := step*len(d.series.Services) + n
		v := d.labels[i]
		if math.IsNaN(v) {
			censored = true
			continue
		}
		censored = censored || d.censored != nil && d.censored[i]
		if !(v <= value) {
			value = v
		}
	}
	return value, censored && !math.IsNaN(value)
}

// peaks reports whether labels are the largest within a horizon, as analytic forecasts
// are.
func (d *Set) peaks() bool { return slices.Contains(d.options.Features, estimator.Analytic) }

package samples

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/history"
)

// Set is the samples of one history. Sample i of a part shows the features
// of N services at the τ steps up to its origin, and has a label for every
// service at each of the H horizons after the origin.
//
// A sample belongs to a part when all its labels do; its window may reach back
// into the part before. Samples of a part are one step apart, in time order.
//
// A Set does not change and is safe for concurrent use.
type Set struct {
	options Options
	series  *estimator.Window // as given, with every feature
	ranges  [parts]estimator.Range
	origins [parts]estimator.Range

	inputs      inputs
	inputScaler *Scaler
	labels      []float64 // [steps][service], NaN masked
	censored    []bool    // labels that are lower bounds; nil when there are none
	scaled      []float32 // labels, scaled
	labelScaler *Scaler   // of one feature
	anchors     []float64 // [steps][service]; nil with AnchorLevel
}

// New makes samples of a series.
//
// A history that is too short for one sample in every part is an error that
// says how many steps are needed.
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
	if err := o.validate(len(s.Services)); err != nil {
		return nil, err
	}
	if !o.enough(s.Steps) {
		return nil, fmt.Errorf("the history has %d steps; a window of %d, horizons up to %d and a split of %v need at least %d",
			s.Steps, o.Window, o.furthest(), o.Split, o.stepsNeeded())
	}
	d := &Set{options: o, series: s, ranges: o.Split.ranges(s.Steps), origins: o.origins(s.Steps)}
	selected, err := s.Select(o.Features)
	if err != nil {
		return nil, err
	}
	if d.inputScaler, err = FitScaler(selected, d.ranges[Train], o.Scale); err != nil {
		return nil, err
	}
	d.inputs = fill(selected, d.inputScaler, o.CarryLimit)
	if err := d.label(); err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	return d, nil
}

func (d *Set) label() (err error) {
	if err := d.makeLabels(); err != nil {
		return err
	}
	if err := checkLabels(d.labels, d.series, d.ranges[Train]); err != nil {
		return err
	}
	label := &estimator.Window{Services: d.series.Services, Features: []estimator.Feature{d.options.Target}, Steps: d.series.Steps, Step: d.series.Step, End: d.series.End, Values: d.labels}
	if d.labelScaler, err = FitScaler(label, d.ranges[Train], d.options.Scale); err != nil {
		return err
	}
	d.scaled = make([]float32, len(d.labels))
	for i, v := range d.labels {
		d.scaled[i] = float32(d.labelScaler.Apply(i%len(d.series.Services), 0, v))
	}
	d.anchors, err = d.measuredFrom()
	return err
}

// Options returns the options the samples were made with, defaults filled in:
// with [AnchorDemand], the sizings too.
func (d *Set) Options() Options { return d.options }

// Series returns the history the samples were made of.
func (d *Set) Series() *estimator.Window { return d.series }

// InputScaler returns the scaler of the inputs, over the features of the
// options.
func (d *Set) InputScaler() *Scaler { return d.inputScaler }

// LabelScaler returns the scaler of the labels; it has one feature. But with
// [AnchorLevel], its mean is only what stands in for an anchor that was not
// observed.
func (d *Set) LabelScaler() *Scaler { return d.labelScaler }

// Range returns the steps that belong to the part, those of its labels.
func (d *Set) Range(p Part) estimator.Range { return d.ranges[p] }

// Samples returns the number of samples of the part.
func (d *Set) Samples(p Part) int { return d.origins[p].Len() }

// Origin returns the last input step of sample i of the part.
func (d *Set) Origin(p Part, i int) int {
	if i < 0 || i >= d.Samples(p) {
		panic(fmt.Sprintf("samples: sample %d of the %v part, which has %d", i, p, d.Samples(p)))
	}
	return d.origins[p].From + i
}

// Time returns the time of the last input step of sample i of the part.
func (d *Set) Time(p Part, i int) time.Time { return d.series.Time(d.Origin(p, i)) }

// Label returns that of service n at a step, in its own unit; NaN where there is
// none.
func (d *Set) Label(step, n int) float64 { return d.labels[step*len(d.series.Services)+n] }

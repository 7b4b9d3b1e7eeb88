package samples

import "fmt"

// WithScalers returns the same samples under other scalers than those fitted on
// the training part: the scalers that a network was trained with, whose inputs
// and outputs mean nothing under any others. The labels in their own unit stay
// as they are.
//
// inputs is over the features of the options and labels has one feature. The
// mean of labels stands in for an anchor that was not observed in the window.
func (d *Set) WithScalers(inputs, labels *Scaler) (*Set, error) {
	selected, err := d.series.Select(d.options.Features)
	if err != nil {
		return nil, err
	}
	services := len(d.series.Services)
	for _, s := range []struct {
		of       string
		scaler   *Scaler
		features int
	}{{"inputs", inputs, len(d.options.Features)}, {"labels", labels, 1}} {
		if err := s.scaler.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.of, err)
		}
		if s.scaler.Services != services || s.scaler.Features != s.features {
			return nil, fmt.Errorf("the scaler of the %s is for %d services and %d features, want %d and %d",
				s.of, s.scaler.Services, s.scaler.Features, services, s.features)
		}
	}
	out := *d
	out.inputScaler, out.labelScaler = inputs, labels
	out.inputs = fill(selected, inputs, d.options.CarryLimit)
	out.scaled = make([]float32, len(d.labels))
	for i, v := range d.labels {
		out.scaled[i] = float32(labels.Apply(i%services, 0, v))
	}
	if out.anchors, err = out.measuredFrom(); err != nil {
		return nil, err
	}
	return &out, nil
}

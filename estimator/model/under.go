package model

import (
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// Under returns an estimator on the same network that measures from forecasts for the
// utilisation and the headroom of c, as they are set now, whatever the model was trained
// with. What the network adds to them is as it was learned. An invalid c is an error.
func (e *Estimator) Under(c queueing.Config) (*Estimator, error) {
	if e.analytic == nil {
		return e, nil
	}
	analytic, err := e.analytic.Under(c)
	if err != nil {
		return nil, err
	}
	out := *e
	out.analytic = analytic
	return &out, nil
}

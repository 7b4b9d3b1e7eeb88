package main

import (
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
)

// learn leaves a model of the default size that always forecasts the same in the folder
// that an adapter shares with its learner. The adapter that leads publishes it, and all
// serve it three steps later. learn returns its hash.
func (s scenario) learn(services []estimator.Service, folder, parent string, need float64) (string, error) {
	m, err := fakemodel.Constant(fakemodel.Shape{
		Services: estimator.ServiceNames(services), Step: s.step, Window: 12, Horizon: int(2*time.Minute/s.step) + 1, Hidden: 32, Blocks: 2,
	}, need)
	if err != nil {
		return "", err
	}
	dir := exchange.Dir(folder)
	if err := dir.WriteModel("shop", m); err != nil {
		return "", err
	}
	return m.Hash(), dir.WriteReport(&exchange.Report{
		Application: "shop", Model: m.Hash(), Parent: parent, Trained: time.Now(), Reason: "a measurement", Published: true, Verdict: "it is what is measured",
	})
}

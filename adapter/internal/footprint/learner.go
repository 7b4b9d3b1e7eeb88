package main

import (
	"os"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
)

// learn leaves a model of the default size in the folder that the adapter shares with
// its learner. The adapter publishes it, and serves it three steps later.
func (s scenario) learn(services []estimator.Service, folder string) error {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	m, err := fakemodel.Constant(fakemodel.Shape{
		Services: estimator.ServiceNames(services), Step: s.step, Window: 12, Horizon: int(2*time.Minute/s.step) + 1, Hidden: 32, Blocks: 2,
	}, 3)
	if err != nil {
		return err
	}
	dir := exchange.Dir(folder)
	if err := dir.WriteModel("shop", m); err != nil {
		return err
	}
	return dir.WriteReport(&exchange.Report{
		Application: "shop", Model: m.Hash(), Trained: time.Now(), Reason: "a measurement", Published: true, Verdict: "it is what is measured",
	})
}

package backtest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/samples"
)

func TestRejectsWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(a *artifact.Model, s **estimator.Window)
		want   string
	}{
		"missing service": {func(_ *artifact.Model, s **estimator.Window) { *s = daily([]string{"a", "c"}, 100) }, `the series lacks "b"`},
		"unknown service": {func(_ *artifact.Model, s **estimator.Window) { *s = daily([]string{"a", "b", "c", "d"}, 100) }, `the model was not trained for "d"`},
		"both": {func(_ *artifact.Model, s **estimator.Window) {
			*s = daily([]string{"p", "q", "r", "s", "t", "u", "v"}, 100)
		},
			`"p", "q", "r", "s", "t" and 2 more`},
		"step":    {func(_ *artifact.Model, s **estimator.Window) { (*s).Step = time.Minute }, "a step of 1m0s, but the model was trained on steps of 30s"},
		"target":  {func(a *artifact.Model, _ **estimator.Window) { a.Target = "replicas" }, `the series lacks "replicas", which the model predicts; its features are cpu, requests`},
		"feature": {func(a *artifact.Model, _ **estimator.Window) { a.Features = []string{"requests", "memory"} }, `no feature "memory"`},
		"short":   {func(_ *artifact.Model, s **estimator.Window) { *s = daily(letters, 8) }, "the history has 8 steps"},
		"network": {func(a *artifact.Model, _ **estimator.Window) { a.Tensors = a.Tensors[1:] }, "is missing"},
		"report of nothing": {func(a *artifact.Model, _ **estimator.Window) {
			a.Report = json.RawMessage(`[]`)
		}, "the training report in the model file"},
		"report of another label": {func(a *artifact.Model, _ **estimator.Window) {
			a.Report = json.RawMessage(`{"label": {"kind": "required"}}`)
		}, `the label is "observed" in the model file, but "required" in its training report`},
		"calls of others": {func(a *artifact.Model, _ **estimator.Window) {
			a.Label = artifact.LabelRequired
			a.Report = json.RawMessage(`{"label": {"kind": "required", "slo": "1s", "calls": [{"source": "a", "destination": "z", "weight": 1}]}}`)
		}, `the call from "a" to "z"`},
	} {
		t.Run(name, func(t *testing.T) {
			a, s := constant(t), daily(letters, 100)
			c.change(a, &s)
			if _, err := backtest.Run(t.Context(), s, a, onTest); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestRejectsAnEmptyPart(t *testing.T) {
	spec := backtest.Spec{Part: samples.Test, Split: samples.Split{Train: 0.8, Validation: 0.2}}
	if _, err := backtest.Run(t.Context(), daily(letters, 100), constant(t), spec); err == nil || !strings.Contains(err.Error(), "has no test part") {
		t.Errorf("error %v", err)
	}
}

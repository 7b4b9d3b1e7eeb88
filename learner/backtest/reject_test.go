package backtest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		"missing service": {func(_ *artifact.Model, s **estimator.Window) { *s = daily([]string{"a", "c"}, 100) }, `the series has nothing about "b"`},
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
		}, `that its label is "observed", and its training report that it is "required"`},
		"calls of others": {func(a *artifact.Model, _ **estimator.Window) {
			a.Label = artifact.LabelRequired
			a.Report = json.RawMessage(`{"label": {"kind": "required", "slo": "1s", "calls": [{"source": "a", "destination": "z", "weight": 1}]}}`)
		}, `the call from "a" to "z"`},
	} {
		t.Run(name, func(t *testing.T) {
			a, s := constant(t), daily(letters, 100)
			c.change(a, &s)
			if _, err := run(t, options(t, a, s)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestBadFlags(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *backtest.Options)
		want   string
	}{
		"no series":    {func(o *backtest.Options) { o.Series = "" }, "--series is required"},
		"no model":     {func(o *backtest.Options) { o.ModelFile = "" }, "--model-file is required"},
		"split":        {func(o *backtest.Options) { o.Split = "70" }, "--split"},
		"part":         {func(o *backtest.Options) { o.Part = "all" }, `--part is "all"`},
		"output":       {func(o *backtest.Options) { o.Output = "yaml" }, `--output is "yaml"`},
		"workers":      {func(o *backtest.Options) { o.Workers = -1 }, "--workers is -1"},
		"empty part":   {func(o *backtest.Options) { o.Split = "80/20/0" }, "has no test part"},
		"absent file":  {func(o *backtest.Options) { o.Series += "x" }, "--series: open"},
		"not a model":  {func(o *backtest.Options) { o.ModelFile = o.Series }, "--model-file: "},
		"not a series": {func(o *backtest.Options) { o.Series = o.ModelFile }, "--series: "},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, constant(t), daily(letters, 100))
			c.change(o)
			if _, err := run(t, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestLabelInJSON(t *testing.T) {
	edges := []estimator.Edge{{Source: 0, Destination: 2, Weight: 1.5}}
	l := backtest.Label{Kind: "required", SLO: backtest.Duration(100 * time.Millisecond), SLOPercentile: 0.9, Calls: backtest.Calls(edges, named(letters...))}
	text, err := json.Marshal(l)
	if want := `{"kind":"required","slo":"100ms","sloPercentile":0.9,"calls":[{"source":"a","destination":"c","weight":1.5}]}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
	var back backtest.Label
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got, err := back.Labeller("replicas", named(letters...))
	want := samples.Required{SLO: 100 * time.Millisecond, SLOPercentile: 0.9, Calls: edges}
	if diff := cmp.Diff(samples.Labeller(want), got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if text, err := json.Marshal(backtest.Label{Kind: "observed"}); err != nil || string(text) != `{"kind":"observed"}` {
		t.Errorf("%s, %v", text, err)
	}
}

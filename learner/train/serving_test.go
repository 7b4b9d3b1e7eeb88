package train_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// scaled has services that work at every utilisation, and gaps: single samples, and
// in the test part of service c no replicas for longer than any window.
func scaled(steps int) *estimator.Window {
	rng := rand.New(rand.NewPCG(6, 1))
	s := estimator.NewWindow(fakehistory.Named("a", "b", "c"), []estimator.Feature{"requests", "replicas", "latency", "cpu"}, steps, 30*time.Second, time.Unix(1_700_000_000, 0))
	replicas, load := []float64{2, 3, 4}, []float64{50, 80, 120}
	for t := range steps {
		for n := range s.Services {
			if t%4 == 0 {
				replicas[n] = float64(2 + rng.IntN(5))
			}
			load[n] = min(150, max(20, load[n]+8*rng.NormFloat64()))
			u := min(1, 0.05+load[n]*0.02/replicas[n])
			for c, v := range []float64{load[n], replicas[n], 0.02 / (1.05 - u), u} {
				if rng.IntN(25) > 0 && !(n == 2 && c == 1 && t >= steps-25 && t < steps-5) {
					s.Set(n, t, c, v)
				}
			}
		}
	}
	return s
}

// TestServingAgreesWithTheBacktest gives the predictor that serves a model every
// window of the test part. Its errors are those that training and backtest tell.
func TestServingAgreesWithTheBacktest(t *testing.T) {
	for name, change := range map[string]func(o *job){
		"demand": func(o *job) { o.Label.Kind = "required" },
		"change": func(o *job) { o.Label.Kind = "observed" },
		"level":  func(o *job) { o.Label.Kind, o.Samples.Anchor = "required", "level" },
	} {
		t.Run(name, func(t *testing.T) {
			o := quick(t)
			s := scaled(300)
			o.History, o.Edges = s, nil
			o.Samples.Target, o.Samples.Features, o.Samples.Horizons = "replicas", []estimator.Feature{"cpu", "latency", "replicas"}, []int{1, 3}
			o.Learning.Epochs = 5
			change(o)
			report, a := o.must(t)
			if report.Anchor != name {
				t.Fatalf("anchor %q, want %q", report.Anchor, name)
			}
			agree(t, "training", serve(t, a, s, report), *report.Test)
			agree(t, "backtest", serve(t, a, s, report), o.judged(t, a))
			if name != "demand" {
				return
			}
			// Those of the file count, whatever the label would fit.
			a.Scaler.Sizings[1] = demand.Sizing{Idle: 0.01, Utilisation: 0.3}
			altered := o.judged(t, a)
			agree(t, "backtest of other sizings", serve(t, a, s, report), altered)
			if b := altered.Services[1].Model.MAE; !(b > report.Test.Services[1].Model.MAE+0.5) {
				t.Errorf("MAE of b is %v with a sizing that is wrong and %v without", b, report.Test.Services[1].Model.MAE)
			}
		})
	}
}

// agree compares the errors of services that are found in two ways.
func agree(t *testing.T, by string, serving []*evaluate.Tally, c evaluate.Comparison) {
	t.Helper()
	for n, service := range c.Services {
		want := serving[n].Overall()
		if diff := cmp.Diff(want, service.Model, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-5, 0)); diff != "" {
			t.Errorf("%s (-serving +%s):\n%s", service.Service, by, diff)
		}
	}
}

// serve returns the errors of a model by service.
func serve(t *testing.T, a *artifact.Model, s *estimator.Window, r *train.Report) []*evaluate.Tally {
	t.Helper()
	network, err := model.Load(a)
	if err != nil {
		t.Fatal(err)
	}
	p, err := model.NewPredictor(a, network)
	if err != nil {
		t.Fatal(err)
	}
	label, err := r.Label.Labeller(a.Target, s.Services)
	if err != nil {
		t.Fatal(err)
	}
	d, err := samples.New(s, samples.Options{Window: a.Window, Horizons: a.Horizons, Label: label, Split: r.Split})
	if err != nil {
		t.Fatal(err)
	}
	pass := p.NewPass()
	window, labels := make([]float64, len(a.Services)*a.Window*len(a.Features)), make([]float64, d.LabelLen())
	y, censored := make([]float64, len(labels)), make([]bool, len(labels))
	out := make([]*evaluate.Tally, len(a.Services))
	for n := range out {
		out[n] = evaluate.NewTally(a.Horizons)
	}
	blind := 0
	for i := range d.Samples(samples.Test) {
		k, seen := 0, false
		for back := a.Window - 1; back >= 0; back-- {
			for n := range a.Services {
				for _, f := range a.Features {
					window[k] = s.At(n, d.Origin(samples.Test, i)-back, s.Channel(estimator.Feature(f)))
					seen = seen || n == 2 && f == "replicas" && !math.IsNaN(window[k])
					k++
				}
			}
		}
		if !seen {
			blind++
		}
		if err := pass.Predict(window, y); err != nil {
			t.Fatal(err)
		}
		d.Labels(samples.Test, []int{i}, labels)
		d.Censored(samples.Test, []int{i}, censored)
		for n, e := range out {
			from, to := n*len(a.Horizons), (n+1)*len(a.Horizons)
			e.Add(y[from:to], labels[from:to], censored[from:to])
		}
	}
	if blind < 10 {
		t.Fatalf("%d windows have no replicas of a service, want some", blind)
	}
	return out
}

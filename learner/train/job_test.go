package train_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

var created = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// walk has services of which each does what the one before it did two steps
// earlier; the first wanders by itself. Nobody can tell from a service alone
// what it will do, and everybody from the one before it.
func walk(services []string, steps int) *estimator.Window {
	rng := rand.New(rand.NewPCG(5, 1))
	s := estimator.NewWindow(fakehistory.Named(services...), []estimator.Feature{"replicas", "cpu", "requests", "latency"}, steps, 30*time.Second, time.Unix(1_700_000_000, 0))
	load := make([]float64, steps+2*len(services))
	for t := 1; t < len(load); t++ {
		load[t] = 0.5*load[t-1] + rng.NormFloat64()
	}
	for t := range steps {
		for n := range services {
			requests := 50 + 5*load[t+2*(len(services)-n)]
			s.Set(n, t, 0, 2)
			s.Set(n, t, 1, 0.01*requests/2)
			s.Set(n, t, 2, requests)
			s.Set(n, t, 3, 0.02/(1-0.005*requests))
		}
	}
	return s
}

var letters = []string{"a", "b", "c", "d"}

// job is one training.
type job struct {
	train.Input
	train.Spec
}

// quick is a training that takes a fraction of a second.
func quick(t *testing.T) *job {
	t.Helper()
	j := &job{Spec: train.DefaultSpec()}
	j.History = walk(letters, 300)
	j.Edges = []estimator.Edge{{Source: 0, Destination: 1, Weight: 1}, {Source: 1, Destination: 2, Weight: 1}}
	j.Now = func() time.Time { return created }
	j.Samples.Target, j.Samples.Features = "requests", []estimator.Feature{"requests"}
	j.Samples.Window, j.Samples.Horizons, j.Network.Hidden, j.Network.Blocks = 4, []int{1}, 8, 1
	j.Learning.Iterations, j.Learning.Epochs, j.Learning.GraphEpochs = 1, 2, 1
	j.Learning.Workers = 2
	return j
}

func (j *job) run(t *testing.T) (*train.Result, error) {
	t.Helper()
	return train.Train(t.Context(), j.Input, j.Spec)
}

func (j *job) must(t *testing.T) (*train.Report, *artifact.Model) {
	t.Helper()
	r, err := j.run(t)
	if err != nil {
		t.Fatal(err)
	}
	return r.Report, r.Model
}

// judged returns what a backtest of the model finds.
func (j *job) judged(t *testing.T, a *artifact.Model) evaluate.Comparison {
	t.Helper()
	r, err := backtest.Run(t.Context(), j.History, a, backtest.Spec{Part: samples.Test})
	if err != nil {
		t.Fatal(err)
	}
	return r.Comparison
}

// recorder keeps what it is told.
type recorder struct {
	tried  []train.Trial
	began  *train.Report
	epochs []em.Epoch
}

func (r *recorder) Tried(t train.Trial)        { r.tried = append(r.tried, t) }
func (r *recorder) Begin(report *train.Report) { r.began = report }
func (r *recorder) Epoch(e em.Epoch, _ float64, _ int) {
	if !math.IsNaN(e.Validation) {
		r.epochs = append(r.epochs, e)
	}
}

package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

const step = 30 * time.Second

// nan is a missing sample.
var nan = math.NaN()

// numbered returns n service names.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("s%03d", i)
	}
	return names
}

// untrained returns a valid model of replicas with random weights, of one block
// with 8 channels that looks back 4 steps.
func untrained(tb testing.TB, services []string, features ...estimator.Feature) *artifact.Model {
	tb.Helper()
	if len(features) == 0 {
		features = estimator.DefaultFeatures()
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(services))))
	a := &artifact.Model{
		Kind:            artifact.KindDeepScaler,
		Services:        services,
		Target:          string(estimator.Replicas),
		Label:           artifact.LabelRequired,
		Window:          4,
		Horizons:        []int{1, 2, 4},
		Step:            step,
		Hyperparameters: artifact.Hyperparameters{Hidden: 8, Kernel: 3, Blocks: 1, Quantile: 0.5},
		Created:         time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC),
	}
	for _, f := range features {
		a.Features = append(a.Features, string(f))
	}
	for range services {
		mean, std := make([]float64, len(features)), make([]float64, len(features))
		for c := range features {
			mean[c], std[c] = 10*rng.NormFloat64(), 30+10*rng.Float64() // so that no input is strange
		}
		a.Scaler.Mean, a.Scaler.Std = append(a.Scaler.Mean, mean), append(a.Scaler.Std, std)
		a.Scaler.TargetMean = append(a.Scaler.TargetMean, 3+rng.Float64())
		a.Scaler.TargetStd = append(a.Scaler.TargetStd, 0.5+rng.Float64())
		for range services {
			a.Affinity = append(a.Affinity, rng.Float32()/float32(len(services)))
		}
	}
	redraw(tb, a)
	return a
}

// sizings returns another one for every service.
func sizings(services []string) []demand.Sizing {
	out := make([]demand.Sizing, len(services))
	for n := range out {
		out[n] = demand.Sizing{Idle: 0.05, Utilisation: 0.4 + 0.5*float64(n)/float64(len(out))}
	}
	return out
}

// redraw gives a new weights, for its sizes as they are now.
func redraw(tb testing.TB, a *artifact.Model) {
	tb.Helper()
	a.Tensors = Tensors(drawn(tb, a, rand.New(rand.NewPCG(7, 7))))
}

// drawn returns a new network of the shape of a with random weights in the
// head as well, so that what it says depends on what it sees.
func drawn(tb testing.TB, a *artifact.Model, rng *rand.Rand) gnn.Model[float32] {
	tb.Helper()
	m, err := DeepScaler().New(Config(a), rng)
	if err != nil {
		tb.Fatal(err)
	}
	drawHead(tb, m, rng)
	return m
}

// drawHead gives m random weights in the head, which begins as zeros.
func drawHead(tb testing.TB, m gnn.Model[float32], rng *rand.Rand) {
	tb.Helper()
	for _, p := range m.Parameters() {
		if p.Name != "head.weight" {
			continue
		}
		for i := range p.Data {
			p.Data[i] = float32(rng.NormFloat64()) / 3
		}
		m.Refresh()
		return
	}
	tb.Fatal("the network has no head.weight")
}

// constant makes the network of a answer outputs for every service, whatever it
// sees: all weights are 0 but the bias of the head.
func constant(tb testing.TB, a *artifact.Model, outputs ...float32) {
	tb.Helper()
	for i, t := range a.Tensors {
		for j := range t.Data {
			a.Tensors[i].Data[j] = 0
		}
		if t.Name == "head.bias" {
			if len(t.Data) != len(outputs) {
				tb.Fatalf("the head has %d outputs, want %d", len(t.Data), len(outputs))
			}
			copy(t.Data, outputs)
		}
	}
}

// observed returns a window of steps columns with a sample everywhere, the
// features in the default order. The names may have a namespace, else it is
// "shop".
func observed(steps int, names ...string) *estimator.Window {
	services := make([]estimator.Service, len(names))
	for i, name := range names {
		namespace, short, found := strings.Cut(name, "/")
		if !found {
			namespace, short = "shop", name
		}
		services[i] = estimator.Service{Namespace: namespace, Name: short}
	}
	w := estimator.NewWindow(services, estimator.DefaultFeatures(), steps, step, time.Unix(1_700_000_000, 0))
	rng := rand.New(rand.NewPCG(11, uint64(steps)))
	for i := range w.Values {
		w.Values[i] = 5 * rng.Float64()
	}
	return w
}

func mustEstimator(tb testing.TB, a *artifact.Model) *Estimator {
	tb.Helper()
	e, err := NewEstimator(a)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func mustEstimate(tb testing.TB, e *Estimator, w *estimator.Window) *estimator.Forecast {
	tb.Helper()
	f, err := e.Estimate(tb.Context(), w)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// checkError checks that err says all of want.
func checkError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", want)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error is %q, want %q in it", err, part)
		}
	}
}

package model

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// silent returns the service that [gaps] has no sample of.
func silent(a *artifact.Model, seed uint64) int { return int(seed) % len(a.Services) }

// gaps returns samples for a, a third of which is missing; all of one service
// are, and all of the target of the next one.
func gaps(a *artifact.Model, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	samples := make([]float64, len(a.Services)*a.Window*len(a.Features))
	for i := range samples {
		samples[i] = 5 * rng.Float64()
		without, service := silent(a, seed), i/len(a.Features)%len(a.Services)
		target := service == (without+1)%len(a.Services) && a.Features[i%len(a.Features)] == a.Target
		if rng.IntN(3) == 0 || target || service == without {
			samples[i] = nan
		}
	}
	return samples
}

// byHand is Predict written after the definitions, without a pass of ours.
func byHand(t *testing.T, a *artifact.Model, samples []float64) []float64 {
	t.Helper()
	m := mustLoad(t, a)
	n, f, o := len(a.Services), len(a.Features), len(a.Horizons)
	at := func(s, t, c int) float64 { return samples[(t*n+s)*f+c] }

	x := make([]float32, a.Window*n*f)
	known := make([]bool, n)
	for s := range n {
		for c := range f {
			for t := range a.Window {
				scaled := 0.0
				for back := t; back >= 0; back-- {
					if v := at(s, back, c); !math.IsNaN(v) {
						scaled = v/a.Scaler.Std[s][c] - a.Scaler.Mean[s][c]/a.Scaler.Std[s][c]
						known[s] = true
						break
					}
				}
				x[(t*n+s)*f+c] = float32(scaled)
			}
		}
	}
	basis, raw := make([]float32, m.BasisSize()), make([]float32, n*o)
	m.Basis(basis, a.Affinity)
	m.Inference().Forward(x, basis, raw)

	y := make([]float64, n*o)
	for i := range y {
		s := i / o
		from := a.Scaler.TargetMean[s]
		for t := range a.Window {
			target, cpu := at(s, t, slices.Index(a.Features, a.Target)), nan
			if c := slices.Index(a.Features, "cpu"); c >= 0 {
				cpu = at(s, t, c)
			}
			switch {
			case a.Scaler.Anchor == artifact.AnchorChange && !math.IsNaN(target):
				from = target
			case a.Scaler.Anchor == artifact.AnchorDemand && !math.IsNaN(target) && !math.IsNaN(cpu):
				from = a.Scaler.Sizings[s].Present(target, cpu)
			}
		}
		share := 1.0
		if len(a.Scaler.Shares) > 0 {
			share = a.Scaler.Shares[i%o]
		}
		y[i] = from + float64(raw[i])*share*a.Scaler.TargetStd[s]
		if !known[s] {
			y[i] = nan
		}
	}
	return y
}

func predict(t *testing.T, a *artifact.Model, samples []float64) []float64 {
	t.Helper()
	p, err := NewPredictor(a, mustLoad(t, a))
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, len(a.Services)*len(a.Horizons))
	if err := p.NewPass().Predict(samples, y); err != nil {
		t.Fatal(err)
	}
	return y
}

// each runs a test for all anchors.
func each(t *testing.T, test func(t *testing.T, a *artifact.Model)) {
	t.Helper()
	for _, anchor := range []string{artifact.AnchorLevel, artifact.AnchorChange, artifact.AnchorDemand} {
		t.Run(fmt.Sprintf("anchor=%q", anchor), func(t *testing.T) {
			a := untrained(t, numbered(5))
			if a.Scaler.Anchor = anchor; anchor == artifact.AnchorDemand {
				a.Scaler.Sizings = sizings(a.Services)
			}
			if anchor == artifact.AnchorChange {
				a.Scaler.Shares = make([]float64, len(a.Horizons))
				for h := range a.Scaler.Shares {
					a.Scaler.Shares[h] = 0.5 + 0.25*float64(h)
				}
			}
			test(t, a)
		})
	}
}

func TestPredictMatchesForward(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		samples, without := gaps(a, 3), silent(a, 3)
		got, want := predict(t, a, samples), byHand(t, a, samples)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("predictions differ (-by hand +pass):\n%s", diff)
		}
		if v := got[without*len(a.Horizons)]; !math.IsNaN(v) {
			t.Errorf("a service without samples is predicted as %v, want NaN", v)
		}
		if math.IsNaN(got[(without+1)*len(a.Horizons)]) {
			t.Error("a service without samples of the target alone is NaN, want a number")
		}
	})
}

func TestRoundTripPredictsTheSame(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		var file bytes.Buffer
		if err := artifact.Write(&file, a); err != nil {
			t.Fatal(err)
		}
		read, err := artifact.Read(&file)
		if err != nil {
			t.Fatal(err)
		}
		samples := gaps(a, 4)
		if diff := cmp.Diff(predict(t, a, samples), predict(t, read, samples), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("predictions differ (-before +after the round trip):\n%s", diff)
		}
	})
}

// TestPassForgets: what a pass predicted before has no influence.
func TestPassForgets(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		p, err := NewPredictor(a, mustLoad(t, a))
		if err != nil {
			t.Fatal(err)
		}
		pass, y := p.NewPass(), make([]float64, len(a.Services)*len(a.Horizons))
		for seed := range uint64(5) {
			samples := gaps(a, seed)
			if err := pass.Predict(samples, y); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(predict(t, a, samples), y, cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("predictions differ (-of a new pass +of one in use):\n%s", diff)
			}
		}
	})
}

// TestPredictorOwnsItsNumbers: a caller may train on in the model it served.
func TestPredictorOwnsItsNumbers(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		samples := gaps(a, 5)
		want := predict(t, a, samples)
		p, err := NewPredictor(a, mustLoad(t, a))
		if err != nil {
			t.Fatal(err)
		}
		for n := range a.Services {
			a.Scaler.Mean[n][0], a.Scaler.Std[n][0], a.Scaler.TargetMean[n], a.Scaler.TargetStd[n] = 9, 9, 9, 9
			if a.Scaler.Sizings != nil {
				a.Scaler.Sizings[n] = demand.Sizing{Utilisation: 1}
			}
		}
		for i := range a.Affinity {
			a.Affinity[i] = 9
		}
		for _, tensor := range a.Tensors {
			clear(tensor.Data)
		}
		got := make([]float64, len(want))
		if err := p.NewPass().Predict(samples, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("predictions changed with the model (-before +after):\n%s", diff)
		}
	})
}

// TestPredictBounds: a sample far from all training data must not become
// infinite in a float32.
func TestPredictBounds(t *testing.T) {
	for _, v := range []float64{1e300, -1e300, math.MaxFloat64, -math.MaxFloat64} {
		a := untrained(t, numbered(2), estimator.CPU)
		samples := make([]float64, 2*4)
		for i := range samples {
			samples[i] = v
		}
		bounded := make([]float64, len(samples))
		for i := range bounded {
			n := i % 2
			bounded[i] = a.Scaler.Mean[n][0] + math.Copysign(2e6, v)*a.Scaler.Std[n][0]
		}
		if diff := cmp.Diff(predict(t, a, bounded), predict(t, a, samples)); diff != "" {
			t.Errorf("%v is not bounded as 2 million standard deviations are (-bounded +got):\n%s", v, diff)
		}
	}
}

func TestPredictRefuses(t *testing.T) {
	const samples, outputs = 2 * 4 * 5, 2 * 3
	tests := []struct {
		name   string
		change func(a *artifact.Model)
		x, y   []float64
		want   []string
	}{
		{"too few samples", nil, make([]float64, samples-1), make([]float64, outputs), []string{"39 samples", "want 40"}},
		{"too much room", nil, make([]float64, samples), make([]float64, outputs+1), []string{"7 numbers", "and 6"}},
		{"an infinite sample", nil, append(make([]float64, samples-1), math.Inf(1)), make([]float64, outputs), []string{`"s001"`, `"memory"`, "+Inf"}},
		{"an infinite output", func(a *artifact.Model) {
			constant(t, a, 1, 1, math.MaxFloat32)
			a.Scaler.TargetStd[1] = math.MaxFloat64
		}, make([]float64, samples), make([]float64, outputs), []string{`+Inf for service "s001"`, "train the model again"}},
		{"an output that is not a number", func(a *artifact.Model) {
			for _, tensor := range a.Tensors {
				for i := range tensor.Data {
					tensor.Data[i] = math.MaxFloat32
				}
			}
		}, make([]float64, samples), make([]float64, outputs), []string{`NaN for service "s000"`, "diverged"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := untrained(t, numbered(2))
			if tc.change != nil {
				tc.change(a)
			}
			p, err := NewPredictor(a, mustLoad(t, a))
			if err != nil {
				t.Fatal(err)
			}
			checkError(t, p.NewPass().Predict(tc.x, tc.y), tc.want...)
		})
	}
}

func TestNewPredictorRefusesAScalerThatOverflows(t *testing.T) {
	a := untrained(t, numbered(2))
	a.Scaler.Mean[1][2], a.Scaler.Std[1][2] = 1e300, 1e-300
	_, err := NewPredictor(a, mustLoad(t, a))
	checkError(t, err, "scaler of the model: inputs: mean 1e+300 of service 1, feature 2", "train the model again")
}

func TestPredictAllocatesNothing(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		p, err := NewPredictor(a, mustLoad(t, a))
		if err != nil {
			t.Fatal(err)
		}
		pass, samples, y := p.NewPass(), gaps(a, 6), make([]float64, len(a.Services)*len(a.Horizons))
		allocs := testing.AllocsPerRun(20, func() {
			if err := pass.Predict(samples, y); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("a prediction makes %v allocations, want none", allocs)
		}
	})
}

package autodiff

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// trainTicket is the shape of the larger of the two applications of the paper.
var trainTicket = gnn.Config{Services: 41, Window: 12, Features: 5, Outputs: 1, Hidden: 64, Kernel: 5, Blocks: 2}

// newTraining compiles a policy on kernels of that name and fills in a batch of 64.
// It returns nil on a processor that does not have them.
func newTraining(b *testing.B, kernels string, c gnn.Config) *Policy {
	b.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	m, err := gnn.NewOn(kernels, c, rng)
	if err != nil {
		return nil
	}
	p, err := NewPolicy(m, Objective{Batch: 64, Quantiles: []float32{0.5}, Workers: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := p.Close(); err != nil {
			b.Error(err)
		}
	})
	copy(p.Affinity, randomGraph(rng, c.Services))
	fill(p.X, rng)
	fill(p.Y, rng)
	return p
}

// training is a policy with its solver.
type training struct {
	*Policy
	solver Adam
}

func (t *training) step(b *testing.B) {
	b.Helper()
	loss, err := t.Step(&t.solver)
	if err != nil {
		b.Fatal(err)
	}
	if math.IsNaN(loss) {
		b.Fatal("the loss is NaN")
	}
}

// kernelNames are all sets there may be, gonum's last.
func kernelNames() []string { return []string{"avx512", "avx2", "gonum"} }

// BenchmarkTrainingStep is one step of policy learning, with Adam and the gradients
// of all parameters, over a batch of 64 on two workers.
func BenchmarkTrainingStep(b *testing.B) {
	for _, kernels := range kernelNames() {
		p := newTraining(b, kernels, trainTicket)
		if p == nil {
			continue
		}
		b.Run(kernels, func(b *testing.B) { benchmarkStep(b, &training{p, Adam{Rate: 1e-3, Clip: 5}}) })
	}
}

// BenchmarkTrainingStepOf300Services is the same for a large application.
func BenchmarkTrainingStepOf300Services(b *testing.B) {
	c := trainTicket
	c.Services = 300
	for _, kernels := range kernelNames() {
		if p := newTraining(b, kernels, c); p != nil {
			benchmarkStep(b, &training{p, Adam{Rate: 1e-3, Clip: 5}})
			return
		}
	}
}

func benchmarkStep(b *testing.B, t *training) {
	t.step(b) // Adam makes its moments
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		t.step(b)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1e6, "MB/step")
}

// BenchmarkTrainingSpeedup takes turns between the fastest kernels and gonum's, so
// that both meet the same disturbances, and reports how many times faster a step
// is: the means, and the fastest ones.
func BenchmarkTrainingSpeedup(b *testing.B) {
	var fast *Policy
	for _, kernels := range kernelNames() {
		if fast = newTraining(b, kernels, trainTicket); fast != nil {
			break
		}
	}
	ours := &training{fast, Adam{Rate: 1e-3}}
	theirs := &training{newTraining(b, "gonum", trainTicket), Adam{Rate: 1e-3}}
	var a, z stopwatch
	for b.Loop() {
		for range 4 { // about as long as one of the other
			a.measure(func() { ours.step(b) })
		}
		z.measure(func() { theirs.step(b) })
	}
	reportSpeedup(b, a, z)
}

// BenchmarkInferenceStockGorgonia takes turns between the fused network and the one
// in gorgonia's own operations, one sample at a time.
func BenchmarkInferenceStockGorgonia(b *testing.B) {
	rng := rand.New(rand.NewPCG(8, 9))
	m := newModel(b, trainTicket)
	s := newStock(b, m)
	x, basis := s.load(m, rng)
	y, pass := make([]float32, trainTicket.Services*trainTicket.Outputs), m.Inference()
	var ours, theirs stopwatch
	for b.Loop() {
		for range 16 {
			ours.measure(func() { pass.Forward(x, basis, y) })
		}
		theirs.measure(func() {
			if _, err := s.run(); err != nil {
				b.Fatal(err)
			}
		})
	}
	reportSpeedup(b, ours, theirs)
}

// stopwatch measures calls.
type stopwatch struct {
	sum, fastest time.Duration
	calls        int
}

func (w *stopwatch) measure(run func()) {
	start := time.Now()
	run()
	took := time.Since(start)
	if w.calls == 0 || took < w.fastest {
		w.fastest = took
	}
	w.sum += took
	w.calls++
}

func (w *stopwatch) mean() float64 { return w.sum.Seconds() / float64(w.calls) }

func reportSpeedup(b *testing.B, ours, theirs stopwatch) {
	b.ReportMetric(ours.mean()*1e3, "our-ms")
	b.ReportMetric(theirs.mean()*1e3, "their-ms")
	b.ReportMetric(theirs.mean()/ours.mean(), "x-faster")
	b.ReportMetric(theirs.fastest.Seconds()/ours.fastest.Seconds(), "best-x-faster")
}

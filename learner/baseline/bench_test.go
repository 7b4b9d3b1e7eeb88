package baseline

import (
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// sample is what one call of a pass takes.
type sample struct {
	x, basis, y, dbasis []float32
}

func newSample(m gnn.Model[float32]) sample {
	c, rng := m.Config(), rand.New(rand.NewPCG(3, 1))
	return sample{
		x:      narrow(normal(rng, c.Window*c.Services*c.Features)),
		basis:  basisOf(m, narrow(randomAffinity(rng, c.Services))),
		y:      make([]float32, c.Services*c.Outputs),
		dbasis: make([]float32, m.BasisSize()),
	}
}

// onTrainTicket runs a benchmark for both networks at the size of Train-Ticket.
func onTrainTicket(b *testing.B, bench func(b *testing.B, m gnn.Model[float32])) {
	c := gnn.Config{Services: 41, Window: 12, Features: 6, Outputs: 1, Hidden: 64, Kernel: 3, Blocks: 1}
	for _, k := range kinds() {
		m := k.new32Drawn(b, c)
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			bench(b, m)
		})
	}
}

func BenchmarkForward(b *testing.B) {
	onTrainTicket(b, func(b *testing.B, m gnn.Model[float32]) {
		s, pass := newSample(m), m.Inference()
		for b.Loop() {
			pass.Forward(s.x, s.basis, s.y)
		}
	})
}

// BenchmarkTraining is forward and backward of one sample, with gradients of the
// parameters.
func BenchmarkTraining(b *testing.B) {
	onTrainTicket(b, func(b *testing.B, m gnn.Model[float32]) {
		s, pass := newSample(m), m.Training(true)
		for b.Loop() {
			pass.Forward(s.x, s.basis, s.y)
			pass.Backward(s.y, s.basis, nil)
		}
	})
}

func BenchmarkBasis(b *testing.B) {
	onTrainTicket(b, func(b *testing.B, m gnn.Model[float32]) {
		n := m.Config().Services
		affinity := narrow(randomAffinity(rand.New(rand.NewPCG(3, 1)), n))
		basis := make([]float32, m.BasisSize())
		for b.Loop() {
			m.Basis(basis, affinity)
		}
	})
}

package gnn

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
)

// BenchmarkInference is one forward pass on one goroutine, at the sizes of Online
// Boutique, Train-Ticket, and a large application.
func BenchmarkInference(b *testing.B) {
	for _, services := range []int{10, 41, 300} {
		for _, taps := range []int{5, 3} {
			for _, k := range kernel.Available() {
				b.Run(fmt.Sprintf("N=%d/k=%d/%s", services, taps, k.Name), func(b *testing.B) {
					c := trainTicket
					c.Services, c.Kernel = services, taps
					s := newCase32(b, k, c)
					pass := s.network.Inference()
					b.ReportAllocs()
					for b.Loop() {
						pass.Forward(s.x, s.basis, s.y)
					}
					b.ReportMetric(float64(forwardFLOPs(c))*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}

// BenchmarkTraining is a batch of 64 samples at the size of Train-Ticket, forward
// and backward on two goroutines, with the gradients of all parameters. After each
// batch it measures the multiply-add peak, on two goroutines as well, so that both
// meet the same disturbances: %peak compares the means, best-%peak the fastest
// sample with the fastest burst.
func BenchmarkTraining(b *testing.B) {
	const samples, workers, bursts = 64, 2, 100
	flops := float64(forwardFLOPs(trainTicket) + backwardFLOPs(trainTicket))
	for _, k := range kernel.Available() {
		b.Run(k.Name, func(b *testing.B) {
			var cases [workers]*case32
			var passes [workers]Pass[float32]
			for i := range passes {
				cases[i] = newCase32(b, k, trainTicket)
				passes[i] = cases[i].network.Training(true)
			}
			var training, peak stopwatch
			b.ReportAllocs()
			for b.Loop() {
				training.measure(workers, samples/workers, func(i int) float64 {
					s := cases[i]
					passes[i].Forward(s.x, s.basis, s.y)
					Pinball(s.y, s.labels, nil, s.dy, nil, []float32{0.5}, 1)
					passes[i].Backward(s.dy, s.basis, nil)
					return flops
				})
				b.StopTimer()
				peak.measure(workers, bursts, func(int) float64 { return kernel.PeakFMA(10_000) })
				b.StartTimer()
			}
			b.ReportMetric(training.rate()/1e9, "GFLOP/s")
			b.ReportMetric(peak.rate()/1e9, "peak-GFLOP/s")
			b.ReportMetric(100*training.rate()/peak.rate(), "%peak")
			b.ReportMetric(100*training.fastest/peak.fastest, "best-%peak")
		})
	}
}

// stopwatch measures floating-point operations per second.
type stopwatch struct {
	flops, seconds float64
	fastest        float64 // rate of the fastest call on one goroutine
}

func (w *stopwatch) rate() float64 { return w.flops / w.seconds }

// measure calls run that many times on each of some goroutines.
func (w *stopwatch) measure(goroutines, times int, run func(i int) (flops float64)) {
	var wait sync.WaitGroup
	var mutex sync.Mutex
	begin := time.Now()
	for i := range goroutines {
		wait.Go(func() {
			sum, fastest := 0.0, 0.0
			for range times {
				start := time.Now()
				flops := run(i)
				sum += flops
				fastest = max(fastest, flops/time.Since(start).Seconds())
			}
			mutex.Lock()
			defer mutex.Unlock()
			w.flops += sum
			w.fastest = max(w.fastest, fastest)
		})
	}
	wait.Wait()
	w.seconds += time.Since(begin).Seconds()
}

// BenchmarkPassMemory reports what a training pass takes besides the gradients,
// which TestMemoryIsLinear holds to a line.
func BenchmarkPassMemory(b *testing.B) {
	for _, window := range []int{12, 24, 48} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			c := trainTicket
			c.Window = window
			var bytes float64
			for b.Loop() {
				all, gradients := passBytes(b, c)
				bytes = all - gradients
			}
			b.ReportMetric(bytes/1e6, "MB")
			b.ReportMetric(bytes/float64(window)/1e3, "KB/step")
		})
	}
}

package em

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// wide repeats a planted series as five features.
type wide struct{ plantedSamples }

func (s wide) Fill(indices []int, x, y []float32) {
	narrow := make([]float32, len(x)/5)
	s.plantedSamples.Fill(indices, narrow, y)
	for i, v := range narrow {
		for c := range 5 {
			x[i*5+c] = v
		}
	}
}

// BenchmarkAdaptiveLearning is Algorithm 2 as the paper measures it: 1,000 samples
// of 41 services with five features, five iterations, with the defaults. It reports
// the processor time and the largest resident memory of the process.
func BenchmarkAdaptiveLearning(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const window, train, validation = 12, 1000, 143
	p := plant(rng, 41, 6, window+train+validation, 2)
	traces := Graph{Name: "traces", Affinity: make([]float32, 41*41)}
	for e := range p.shown {
		traces.Affinity[e] = 1
	}
	problem := Problem{
		Training:   wide{plantedSamples{p, window, window, window + train}},
		Validation: wide{plantedSamples{p, window, window + train, p.steps - 1}},
		Graphs:     []Graph{traces},
	}
	c := DefaultConfig()
	c.Workers = runtime.GOMAXPROCS(0)
	for b.Loop() {
		m, err := gnn.New(gnn.Config{Services: 41, Window: window, Features: 5, Outputs: 1, Hidden: 32, Kernel: 5, Blocks: 2}, rng)
		if err != nil {
			b.Fatal(err)
		}
		before := processorSeconds(b)
		if _, err := Learn(b.Context(), m, problem, c, nil); err != nil {
			b.Fatal(err)
		}
		after, resident := usage(b)
		b.ReportMetric(after-before, "core-s")
		b.ReportMetric(resident, "MB-resident")
	}
}

func processorSeconds(b *testing.B) float64 {
	b.Helper()
	seconds, _ := usage(b)
	return seconds
}

// usage returns the processor time and the largest resident memory so far.
func usage(b *testing.B) (seconds, megabytes float64) {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	total := u.Utime.Nano() + u.Stime.Nano()
	return float64(total) / 1e9, float64(u.Maxrss) * 1024 / 1e6
}

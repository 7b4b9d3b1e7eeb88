package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

func scenario(n int) (*estimator.Forecast, map[estimator.Service]Bounds) {
	services := make([]estimator.Service, n)
	bounds := make(map[estimator.Service]Bounds, n)
	for i := range services {
		services[i] = service(fmt.Sprintf("service-%05d", i))
		bounds[services[i]] = Bounds{1, 10}
	}
	f := estimator.NewForecast(services, 3, 30*time.Second)
	for i := range f.Replicas {
		f.Replicas[i] = float64(i%120) / 10
	}
	return f, bounds
}

func BenchmarkMake(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		f, bounds := scenario(n)
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Make(DefaultConfig(), f, bounds, Observed{}, madeAt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReplicas is what a metric request costs the plan.
func BenchmarkReplicas(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		f, bounds := scenario(n)
		p, err := Make(DefaultConfig(), f, bounds, Observed{}, madeAt)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Replicas(f.Services[n/2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

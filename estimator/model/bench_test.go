package model

import (
	"fmt"
	"testing"
)

// BenchmarkEstimate is at the size of Train-Ticket and of a large application,
// with the sizes of a network as it is trained.
func BenchmarkEstimate(b *testing.B) {
	for _, services := range []int{41, 300} {
		b.Run(fmt.Sprintf("N=%d", services), func(b *testing.B) {
			names := numbered(services)
			a := untrained(b, names)
			a.Window, a.Hyperparameters.Hidden, a.Hyperparameters.Blocks = 12, 64, 2
			redraw(b, a)
			e, w := mustEstimator(b, a), observed(12, names...)
			b.ReportAllocs()
			for b.Loop() {
				mustEstimate(b, e, w)
			}
		})
	}
}

// BenchmarkNewEstimator is what a reload of the model file costs after reading.
func BenchmarkNewEstimator(b *testing.B) {
	for _, services := range []int{41, 300} {
		b.Run(fmt.Sprintf("N=%d", services), func(b *testing.B) {
			a := untrained(b, numbered(services))
			a.Window, a.Hyperparameters.Hidden, a.Hyperparameters.Blocks = 12, 64, 2
			redraw(b, a)
			for b.Loop() {
				mustEstimator(b, a)
			}
		})
	}
}

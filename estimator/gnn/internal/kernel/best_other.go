//go:build !amd64 || purego

package kernel

// Best returns the fastest set that this CPU can run.
func Best() Set[float32] { return Gonum32() }

// Available returns all sets that this CPU can run, the fastest first.
func Available() []Set[float32] { return []Set[float32]{Gonum32()} }

// PeakFMA runs iterations of a few independent float32 multiply-adds, and
// returns the number of floating-point operations. Their rate in a benchmark is
// the peak of one core for compiled Go, for comparison with the rate of Gemm.
func PeakFMA(iterations int) (flops float64) { return peakLoop(iterations) }

//go:build !amd64 || purego

package kernel

// Best returns the fastest set that this CPU can run.
func Best() Set[float32] { return Gonum32() }

// Available returns all sets that this CPU can run, the fastest first.
func Available() []Set[float32] { return []Set[float32]{Gonum32()} }

// PeakFMA runs iterations of a few float32 multiply-adds that do not wait for
// each other, and returns how many floating-point operations that were. What a
// benchmark reaches per second with it is the peak of one core for compiled Go,
// which the rate of Gemm can be held against.
func PeakFMA(iterations int) (flops float64) { return peakLoop(iterations) }

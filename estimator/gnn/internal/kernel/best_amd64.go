//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// Best returns the fastest set that this CPU can run.
func Best() Set[float32] { return Available()[0] }

// Available returns all sets that this CPU can run, the fastest first.
func Available() []Set[float32] {
	var sets []Set[float32]
	if cpu.X86.HasAVX512F {
		sets = append(sets, avx512())
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append(sets, avx2())
	}
	return append(sets, Gonum32())
}

// PeakFMA runs iterations of 48 independent float32 multiply-adds on the CPU's
// widest vectors, and returns the number of floating-point operations. Their
// rate in a benchmark is the peak of one core, for comparison with the rate of
// Gemm.
func PeakFMA(iterations int) (flops float64) {
	const perIteration = 2 * 48
	switch {
	case iterations < 1:
		return 0
	case cpu.X86.HasAVX512F:
		peakAVX512(iterations)
		return 16 * perIteration * float64(iterations)
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		peakAVX2(iterations)
		return 8 * perIteration * float64(iterations)
	}
	return peakLoop(iterations)
}

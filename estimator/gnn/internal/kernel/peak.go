package kernel

// peakLoop is PeakFMA for CPUs whose vectors are out of reach.
func peakLoop(iterations int) (flops float64) {
	const factor = 0.5 // halves towards 0.2, so nothing overflows
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for range iterations {
		s0 = s0*factor + 0.1
		s1 = s1*factor + 0.1
		s2 = s2*factor + 0.1
		s3 = s3*factor + 0.1
		s4 = s4*factor + 0.1
		s5 = s5*factor + 0.1
		s6 = s6*factor + 0.1
		s7 = s7*factor + 0.1
	}
	if s0+s1+s2+s3+s4+s5+s6+s7 < 0 { // never, but the compiler does not know
		return 0
	}
	return 2 * 8 * float64(max(iterations, 0))
}

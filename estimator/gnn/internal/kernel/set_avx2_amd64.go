//go:build !purego

package kernel

// avx2 is the set for CPUs with AVX2 and FMA.
func avx2() Set[float32] {
	return Set[float32]{
		Name:         "avx2",
		Gemm:         gemmSetAVX2,
		NormForward:  normForwardSetAVX2,
		NormBackward: normBackwardSetAVX2,
		BiasReLU:     biasReLUSetAVX2,
		ReLUBackward: reluBackwardSetAVX2,
	}
}

func gemmSetAVX2(m, n, k int, a []float32, ars, acs int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	checkGemm(m, n, k, len(a), ars, acs, len(b), ldb, len(c), ldc)
	columns, depth := block(k)
	for p := 0; p < k; p += depth {
		for j := 0; j < n; j += columns {
			gemmAVX2(m, min(columns, n-j), min(depth, k-p), &a[p*acs], ars, acs, &b[p*ldb+j], ldb, &c[j], ldc,
				accumulate || p > 0)
		}
	}
}

func normForwardSetAVX2(channels int, r, bias, gain, shift, out, mean, rstd []float32) {
	rows := checkNormForward(channels, len(r), len(bias), len(gain), len(shift), len(out), len(mean), len(rstd))
	if rows == 0 {
		return
	}
	normForwardAVX2(rows, channels, &r[0], &bias[0], &gain[0], &shift[0], &out[0], &mean[0], &rstd[0],
		1/float32(channels), epsilon)
}

func normBackwardSetAVX2(channels int, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias []float32) {
	rows := checkNormBackward(channels, len(r), len(mean), len(rstd), len(gain), len(dout), len(dz))
	parameters := checkNormGradients(channels, dgain, dshift, dbias)
	switch {
	case rows == 0:
	case parameters:
		normBackwardAVX2(rows, channels, &r[0], &mean[0], &rstd[0], &gain[0], &dout[0], &dz[0],
			&dgain[0], &dshift[0], &dbias[0], 1/float32(channels))
	default:
		normBackwardInputAVX2(rows, channels, &r[0], &mean[0], &rstd[0], &gain[0], &dout[0], &dz[0],
			1/float32(channels))
	}
}

func biasReLUSetAVX2(channels int, h, bias []float32) {
	if rows := checkBiasReLU(channels, len(h), len(bias)); rows > 0 {
		biasReLUAVX2(rows, channels, &h[0], &bias[0])
	}
}

func reluBackwardSetAVX2(channels int, h, dh, dbias []float32) {
	rows := checkReLUBackward(channels, len(h), len(dh), dbias)
	switch {
	case rows == 0:
	case dbias != nil:
		reluBackwardAVX2(rows, channels, &h[0], &dh[0], &dbias[0])
	default:
		reluBackwardInputAVX2(rows, channels, &h[0], &dh[0])
	}
}

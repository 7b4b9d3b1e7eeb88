package kernel

import "testing"

// testedSets returns what this CPU can run, and the assembly on the interpreter.
func testedSets(tb testing.TB) []Set[float32] {
	tb.Helper()
	return append(Available(),
		interpreted(readAssembly(tb, "avx2_amd64.s"), "AVX2"),
		interpreted(readAssembly(tb, "avx512_amd64.s"), "AVX512"))
}

// interpreted returns a set that is told apart from that of set_*_amd64.go only
// by who runs its kernels.
func interpreted(code assembly, suffix string) Set[float32] {
	return Set[float32]{
		Name: "interpreted" + suffix,
		Gemm: func(m, n, k int, a []float32, ars, acs int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
			checkGemm(m, n, k, len(a), ars, acs, len(b), ldb, len(c), ldc)
			columns, depth := block(k)
			for p := 0; p < k; p += depth {
				for j := 0; j < n; j += columns {
					code.call("gemm"+suffix, m, min(columns, n-j), min(depth, k-p), a[p*acs:], ars, acs,
						b[p*ldb+j:], ldb, c[j:], ldc, accumulate || p > 0)
				}
			}
		},
		NormForward: func(channels int, r, bias, gain, shift, out, mean, rstd []float32) {
			rows := checkNormForward(channels, len(r), len(bias), len(gain), len(shift), len(out), len(mean), len(rstd))
			if rows > 0 {
				code.call("normForward"+suffix, rows, channels, r, bias, gain, shift, out, mean, rstd,
					1/float32(channels), float32(epsilon))
			}
		},
		NormBackward: func(channels int, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias []float32) {
			rows := checkNormBackward(channels, len(r), len(mean), len(rstd), len(gain), len(dout), len(dz))
			parameters := checkNormGradients(channels, dgain, dshift, dbias)
			switch {
			case rows == 0:
			case parameters:
				code.call("normBackward"+suffix, rows, channels, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias,
					1/float32(channels))
			default:
				code.call("normBackwardInput"+suffix, rows, channels, r, mean, rstd, gain, dout, dz, 1/float32(channels))
			}
		},
		BiasReLU: func(channels int, h, bias []float32) {
			if rows := checkBiasReLU(channels, len(h), len(bias)); rows > 0 {
				code.call("biasReLU"+suffix, rows, channels, h, bias)
			}
		},
		ReLUBackward: func(channels int, h, dh, dbias []float32) {
			rows := checkReLUBackward(channels, len(h), len(dh), dbias)
			switch {
			case rows == 0:
			case dbias != nil:
				code.call("reluBackward"+suffix, rows, channels, h, dh, dbias)
			default:
				code.call("reluBackwardInput"+suffix, rows, channels, h, dh)
			}
		},
	}
}

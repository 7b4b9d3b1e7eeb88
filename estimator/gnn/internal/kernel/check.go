package kernel

import (
	"fmt"
	"math/bits"
)

// checkGemm panics unless the operands of Gemm hold what it will touch.
func checkGemm(m, n, k, lenA, ars, acs, lenB, ldb, lenC, ldc int) {
	if m < 1 || n < 1 || k < 1 {
		panic(fmt.Sprintf("kernel: gemm of %d×%d×%d: m, n and k must be at least 1", m, n, k))
	}
	if ars < 0 || acs < 0 || ldb < n || ldc < n {
		panic(fmt.Sprintf("kernel: gemm with strides %d, %d of a, %d of b, %d of c: "+
			"those of a must not be negative, the others at least n = %d", ars, acs, ldb, ldc, n))
	}
	if !holds(lenA, m, ars, k, acs) {
		panic(fmt.Sprintf("kernel: gemm: a has %d elements, too few for %d×%d with strides %d, %d", lenA, m, k, ars, acs))
	}
	if !holds(lenB, k, ldb, n, 1) {
		panic(fmt.Sprintf("kernel: gemm: b has %d elements, too few for %d×%d with stride %d", lenB, k, n, ldb))
	}
	if !holds(lenC, m, ldc, n, 1) {
		panic(fmt.Sprintf("kernel: gemm: c has %d elements, too few for %d×%d with stride %d", lenC, m, n, ldc))
	}
}

// holds reports whether the last element of a rows×cols matrix lies within length.
func holds(length, rows, rowStride, cols, colStride int) bool {
	rowHi, row := bits.Mul(uint(rows-1), uint(rowStride))
	colHi, col := bits.Mul(uint(cols-1), uint(colStride))
	last := uint(length) - 1 // an empty slice has no last element, whatever it wraps to
	return length > 0 && rowHi == 0 && colHi == 0 && row <= last && col <= last-row
}

// checkRows returns the number of rows of a matrix of length elements.
func checkRows(kernel string, length, channels int) int {
	if channels < 1 || length%channels != 0 {
		panic(fmt.Sprintf("kernel: %s: %d elements are no rows of %d channels", kernel, length, channels))
	}
	return length / channels
}

// checkLen panics unless the operand called name has at least need elements.
func checkLen(kernel, name string, length, need int) {
	if length < need {
		panic(fmt.Sprintf("kernel: %s: %s has %d elements, too few for %d", kernel, name, length, need))
	}
}

func checkNormForward(channels, r, bias, gain, shift, out, mean, rstd int) (rows int) {
	const kernel = "layer norm forward"
	rows = checkRows(kernel, r, channels)
	checkLen(kernel, "bias", bias, channels)
	checkLen(kernel, "gain", gain, channels)
	checkLen(kernel, "shift", shift, channels)
	checkLen(kernel, "out", out, r)
	checkLen(kernel, "mean", mean, rows)
	checkLen(kernel, "rstd", rstd, rows)
	return rows
}

func checkNormBackward(channels, r, mean, rstd, gain, dout, dz int) (rows int) {
	const kernel = "layer norm backward"
	rows = checkRows(kernel, r, channels)
	checkLen(kernel, "mean", mean, rows)
	checkLen(kernel, "rstd", rstd, rows)
	checkLen(kernel, "gain", gain, channels)
	checkLen(kernel, "dout", dout, r)
	checkLen(kernel, "dz", dz, r)
	return rows
}

// checkNormGradients reports whether the gradients of the parameters are wanted.
func checkNormGradients[T Float](channels int, dgain, dshift, dbias []T) bool {
	if dgain == nil && dshift == nil && dbias == nil {
		return false
	}
	const kernel = "layer norm backward"
	checkLen(kernel, "dgain", len(dgain), channels)
	checkLen(kernel, "dshift", len(dshift), channels)
	checkLen(kernel, "dbias", len(dbias), channels)
	return true
}

func checkBiasReLU(channels, h, bias int) (rows int) {
	rows = checkRows("bias and relu", h, channels)
	checkLen("bias and relu", "bias", bias, channels)
	return rows
}

func checkReLUBackward[T Float](channels, h, dh int, dbias []T) (rows int) {
	rows = checkRows("relu backward", h, channels)
	checkLen("relu backward", "dh", dh, h)
	if dbias != nil {
		checkLen("relu backward", "dbias", len(dbias), channels)
	}
	return rows
}

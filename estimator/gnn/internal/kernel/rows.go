package kernel

import "math"

// The row kernels in portable Go. Comparisons are written so that NaN passes:
// max propagates it, and v <= 0 is false for it.

func normForward[T Float](channels int, r, bias, gain, shift, out, mean, rstd []T) {
	rows := checkNormForward(channels, len(r), len(bias), len(gain), len(shift), len(out), len(mean), len(rstd))
	bias, gain, shift = bias[:channels], gain[:channels], shift[:channels]
	for i := range rows {
		row := r[i*channels:][:channels]
		var sum T
		for j, b := range bias {
			v := max(row[j]+b, 0)
			row[j] = v
			sum += v
		}
		mu := sum / T(channels)
		var squares T
		for _, v := range row {
			squares += (v - mu) * (v - mu)
		}
		scale := T(1 / math.Sqrt(float64(squares/T(channels)+epsilon)))
		mean[i], rstd[i] = mu, scale
		normalised := out[i*channels:][:channels]
		for j, v := range row {
			normalised[j] = (v-mu)*scale*gain[j] + shift[j]
		}
	}
}

// normBackward: with x = (r-mean)·rstd and d = dout·gain, the gradient of the
// normalisation's input is rstd·(d - avg(d) - x·avg(d·x)).
func normBackward[T Float](channels int, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias []T) {
	rows := checkNormBackward(channels, len(r), len(mean), len(rstd), len(gain), len(dout), len(dz))
	parameters := checkNormGradients(channels, dgain, dshift, dbias)
	gain = gain[:channels]
	for i := range rows {
		row, grad, into := r[i*channels:][:channels], dout[i*channels:][:channels], dz[i*channels:][:channels]
		mu, scale := mean[i], rstd[i]
		if parameters {
			for j, v := range row {
				dgain[j] += grad[j] * ((v - mu) * scale)
				dshift[j] += grad[j]
			}
		}
		var sum, dot T
		for j, v := range row {
			d := grad[j] * gain[j]
			sum += d
			dot += d * ((v - mu) * scale)
		}
		sum /= T(channels)
		dot /= T(channels)
		for j, v := range row {
			if v <= 0 {
				into[j] = 0
				continue
			}
			into[j] = scale * (grad[j]*gain[j] - sum - (v-mu)*scale*dot)
		}
		if parameters {
			for j, d := range into {
				dbias[j] += d
			}
		}
	}
}

func biasReLU[T Float](channels int, h, bias []T) {
	rows := checkBiasReLU(channels, len(h), len(bias))
	bias = bias[:channels]
	for i := range rows {
		row := h[i*channels:][:channels]
		for j, b := range bias {
			row[j] = max(row[j]+b, 0)
		}
	}
}

func reluBackward[T Float](channels int, h, dh, dbias []T) {
	rows := checkReLUBackward(channels, len(h), len(dh), dbias)
	for i := range rows {
		row, grad := h[i*channels:][:channels], dh[i*channels:][:channels]
		for j, v := range row {
			if v <= 0 {
				grad[j] = 0
			}
		}
		if dbias == nil {
			continue
		}
		for j, d := range grad {
			dbias[j] += d
		}
	}
}

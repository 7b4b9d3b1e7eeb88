package gnn

// Pinball returns the summed pinball loss of outputs y against labels, and writes
// its gradient, times scale, to dy. The outputs take the quantiles in turn, each in (0, 1): a
// low estimate costs 2·quantile per unit, a high one 2·(1−quantile), so 0.5 is the
// L1 loss of Eq. 4.
// A NaN label is unknown and does not count. A censored label is a lower bound
// (Powell, Journal of Econometrics 32, 1986): an output above it costs nothing.
//
// censored marks such labels; nil marks none. weights, unless nil, holds a
// factor per service, for labels in different units; y and labels are N·O
// numbers.
func Pinball[T Float](y, labels []T, censored []bool, dy, weights, quantiles []T, scale T) (loss float64) {
	labels, dy = labels[:len(y)], dy[:len(y)]
	outputs := 0
	if weights != nil {
		outputs = len(y) / len(weights)
	}
	for i, v := range y {
		weight := T(1)
		if weights != nil {
			weight = weights[i/outputs]
		}
		quantile := quantiles[i%len(quantiles)]
		low, high := 2*quantile, 2*(1-quantile)
		switch d := v - labels[i]; {
		case d < 0:
			loss -= float64(weight * low * d)
			dy[i] = -weight * low * scale
		case d > 0 && !(censored != nil && censored[i]):
			loss += float64(weight * high * d)
			dy[i] = weight * high * scale
		default: // equal, unknown, or above a lower bound
			dy[i] = 0
		}
	}
	return loss
}

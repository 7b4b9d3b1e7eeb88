package demand

// SaturatedFrom is the utilisation, used ÷ limit, from which a service counts as
// saturated: the mean over replicas and over a step stays a little below 1 even
// then.
const SaturatedFrom = 0.9

// Saturated reports whether a utilisation is that of a saturated service; false
// for NaN.
func Saturated(utilisation float64) bool { return utilisation >= SaturatedFrom }

// steepest bounds the growth of latency in seconds per second, and with it hidden
// arrivals to four times the completions.
const steepest = 0.75

// arrivals returns the ratio of arrivals to completions at step t, at least 1, by
// flow conservation: what a first-come-first-served queue answers up to t arrived
// up to t − L(t), hence X = λ·(1 − dL/dt).
func (l *history) arrivals(t int) float64 {
	if t == 0 {
		return 1
	}
	rise := (l.Latency[t] - l.Latency[t-1]) / l.step
	if !(rise > 0) { // NaN counts as none
		return 1
	}
	return 1 / (1 - min(rise, steepest))
}

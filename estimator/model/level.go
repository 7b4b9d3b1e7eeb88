package model

import (
	"math"
	"slices"
)

// level computes the served quantile from the quantiles of a model:
// (1−weight)·before + weight·after.
type level struct {
	count, before, after int
	weight               float64
}

// levelOf returns a quantile of a normal distribution between, or beyond, two of the
// given ones, which are ascending.
func levelOf(levels []float64, quantile float64) level {
	l := level{count: len(levels)}
	if l.count == 1 {
		return l
	}
	l.after, _ = slices.BinarySearch(levels, quantile)
	l.after = min(max(l.after, 1), l.count-1)
	l.before = l.after - 1
	below, above := probit(levels[l.before]), probit(levels[l.after])
	l.weight = (probit(quantile) - below) / (above - below)
	return l
}

// probit returns the quantile of a standard normal distribution.
func probit(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// of returns the served quantile at a horizon, 0 or more, from outputs in (horizon,
// level).
func (l level) of(outputs []float64, horizon int) float64 {
	at := outputs[horizon*l.count:]
	return max(0, l.between(at[l.before], at[l.after]))
}

// between returns the quantile between, or beyond, those of the two levels: exactly theirs
// if both are the same.
func (l level) between(before, after float64) float64 { return before + l.weight*(after-before) }

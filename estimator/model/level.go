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

// choose returns the served quantile at each horizon, 0 or more. It writes to the
// front of the outputs, which are in the order of (horizon, level).
func (l level) choose(outputs []float64) []float64 {
	horizons := len(outputs) / l.count
	for h := range horizons {
		of := outputs[h*l.count:]
		outputs[h] = max(0, (1-l.weight)*of[l.before]+l.weight*of[l.after])
	}
	return outputs[:horizons]
}

// probit returns the quantile of a standard normal distribution.
func probit(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

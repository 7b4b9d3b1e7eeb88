package main

import (
	"math"
	"slices"
	"strconv"
)

// sample is the same figure of several seeds.
type sample []float64

func collect[T any](items []T, figure func(T) float64) sample {
	var s sample
	for _, item := range items {
		s = append(s, figure(item))
	}
	return s
}

func (s sample) mean() float64 {
	sum := 0.0
	for _, v := range s {
		sum += v
	}
	return sum / float64(len(s))
}

// deviation is that of the population that the sample is drawn from, NaN without
// two values.
func (s sample) deviation() float64 {
	if len(s) < 2 {
		return math.NaN()
	}
	mean, sum := s.mean(), 0.0
	for _, v := range s {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(s)-1))
}

// spread shows mean ± standard deviation and, in brackets, the range, all with as many
// digits as make four of the mean; what is not known is left out.
func (s sample) spread() string {
	digits := digitsOf(s.mean())
	text := s.short()
	if low, high := slices.Min(append(sample{math.Inf(1)}, s...)), slices.Max(append(sample{math.Inf(-1)}, s...)); low < high {
		text += " (" + fixed(low, digits) + "–" + fixed(high, digits) + ")"
	}
	return text
}

// short is spread without the range.
func (s sample) short() string {
	digits := digitsOf(s.mean())
	text := fixed(s.mean(), digits)
	if d := s.deviation(); !math.IsNaN(d) {
		text += " ± " + fixed(d, digits)
	}
	return text
}

// single shows the mean only.
func (s sample) single() string { return fixed(s.mean(), digitsOf(s.mean())) }

func digitsOf(v float64) int {
	digits := 0
	for limit := 1000.0; digits < 4 && math.Abs(v) < limit; limit /= 10 {
		digits++
	}
	return digits
}

// fixed shows a dash for what is no number.
func fixed(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

package windows

import (
	"math"
	"testing"
)

// The expectations are those of promql/functions_test.go and of the documentation of
// rate: it extrapolates, but not far beyond a sample and not below zero.
func TestRate(t *testing.T) {
	for name, c := range map[string]struct {
		times, values []float64
		end, window   float64
		want          float64
	}{
		"samples reach both ends":       {[]float64{15, 30, 45, 60}, []float64{100, 130, 160, 190}, 60, 60, 2},
		"one sample is none":            {[]float64{60}, []float64{5}, 60, 60, math.NaN()},
		"a sample at the start is out":  {[]float64{0, 60}, []float64{100, 700}, 60, 60, math.NaN()},
		"a series that has just begun":  {[]float64{45, 60}, []float64{300, 330}, 60, 60, 30 * (15 + 7.5) / 15 / 60},
		"not below zero":                {[]float64{45, 60}, []float64{0, 30}, 60, 60, 0.5},
		"a series that ended":           {[]float64{15, 30}, []float64{1000, 1030}, 60, 60, 30 * (15 + 15 + 7.5) / 15 / 60},
		"nothing happened":              {[]float64{15, 30, 45, 60}, []float64{9, 9, 9, 9}, 60, 60, 0},
		"samples after the end are not": {[]float64{15, 30, 45, 60, 75}, []float64{100, 130, 160, 190, 9999}, 60, 60, 2},
	} {
		got := rate(c.times, c.values, c.end, c.window)
		if math.IsNaN(got) != math.IsNaN(c.want) || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: have %v, want %v", name, got, c.want)
		}
	}
}

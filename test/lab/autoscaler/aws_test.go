package autoscaler

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The rules of target tracking, a minute at a time, at a target of 50 %.
func TestTargetTracking(t *testing.T) {
	repeat := func(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }
	same := func(n, times int) []int { return slices.Repeat([]int{n}, times) }
	for name, c := range map[string]struct {
		start int
		cpu   []float64
		want  []int
	}{
		"out after three minutes":              {2, []float64{0.9, 0.9, 0.9, 0.4}, []int{2, 2, 4, 4}},
		"not after two":                        {2, []float64{0.9, 0.9, 0.4, 0.9}, []int{2, 2, 2, 2}},
		"in the cooldown only a larger one":    {2, []float64{1, 1, 1, 0.7, 1}, []int{2, 2, 4, 4, 6}},
		"again after the cooldown":             {4, append(repeat(0.6, 7), 0.6), []int{4, 4, 5, 5, 5, 5, 5, 6}},
		"in after a quarter of an hour":        {4, repeat(0.2, 16), append(same(4, 14), 2, 2)},
		"not while it is above nine tenths":    {4, append(repeat(0.2, 14), 0.46), same(4, 15)},
		"in again after the cooldown, never 0": {2, repeat(0, 21), append(same(2, 14), 1, 1, 1, 1, 1, 1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			a, s, replicas := &aws{target: 0.5}, &alarm{}, c.start
			var got []int
			for minute, v := range c.cpu {
				s.values = append(s.values, v)
				replicas = a.decide(s, time.Duration(minute)*time.Minute, replicas)
				got = append(got, replicas)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("replicas (-want +got):\n%s", diff)
			}
		})
	}
}

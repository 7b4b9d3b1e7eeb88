package hpagenerator

import (
	"math"
	"slices"
	"testing"
)

func TestBounds(t *testing.T) {
	nan := math.NaN()
	day := func(values ...float64) []float64 { return slices.Repeat(values, 288/len(values)) }
	for name, c := range map[string]struct {
		now      int32
		history  []float64
		min, max int32
	}{
		"one replica, no history":            {1, nil, 1, 10},
		"a chosen number is no lower bound":  {6, nil, 2, 12},
		"less than an hour does not count":   {3, []float64{9, 9, 1}, 2, 10},
		"nothing ever scaled it":             {6, day(6), 2, 12},
		"a load that comes and goes":         {4, day(3, 5, 11, 7), 3, 22},
		"grown since the last sample":        {30, day(3, 5), 3, 60},
		"an outage is no lower bound":        {8, append(day(4, 8), 1, 1), 4, 16},
		"missing samples and nights without": {4, day(nan, 0, 3, 6), 3, 12},
		"only missing samples":               {4, day(nan), 2, 10},
		"between two samples":                {4, day(2.5, 5.5), 3, 12},
		"beyond what an int32 holds":         {1, day(3, math.MaxInt32), 3, math.MaxInt32},
	} {
		t.Run(name, func(t *testing.T) {
			if b := boundsOf(c.now, c.history); b.min != c.min || b.max != c.max || b.why == "" {
				t.Errorf("bounds %d to %d because %q, want %d to %d", b.min, b.max, b.why, c.min, c.max)
			}
		})
	}
}

// The API server refuses an autoscaler of which the minimum is 0 or above the maximum.
func TestBoundsAreInOrder(t *testing.T) {
	for now := int32(1); now < 200; now += 7 {
		for v := range 40 {
			history := slices.Repeat([]float64{float64(v), float64(v * v)}, 100)
			if b := boundsOf(now, history); b.min < 1 || b.min > b.max || b.max < now {
				t.Fatalf("%d replicas after %d to %d: bounds %d to %d", now, v, v*v, b.min, b.max)
			}
		}
	}
}

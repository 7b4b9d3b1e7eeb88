package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestColumns(t *testing.T) {
	tests := []struct {
		name     string
		horizons []int
		outputs  []float64
		want     []float64
	}{
		{"one step", []int{1}, []float64{3}, []float64{3}},
		{"every step", []int{1, 2, 3}, []float64{3, 1, 2}, []float64{3, 1, 2}},
		{"before the first", []int{3}, []float64{3}, []float64{3, 3, 3}},
		{"between two, up and down", []int{1, 3, 7}, []float64{2, 4, 0}, []float64{2, 3, 4, 3, 2, 1, 0}},
		{"all of it", []int{2, 6}, []float64{1, 3}, []float64{1, 1, 1.5, 2, 2.5, 3}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var got []float64
			for _, c := range columns(tc.horizons) {
				got = append(got, c.between(tc.outputs[c.before], tc.outputs[c.after]))
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Errorf("forecast differs (-want +got):\n%s", diff)
			}
			for o, ahead := range tc.horizons {
				if got[ahead-1] != tc.outputs[o] {
					t.Errorf("step %d is %v, want the output itself, %v", ahead, got[ahead-1], tc.outputs[o])
				}
			}
		})
	}
}

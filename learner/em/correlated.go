package em

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// addCorrelated adds pairs of services whose load has a rank correlation above the mean of
// the first service's correlations and half a standard deviation (Eq. 16, which leaves the
// threshold open). They are business correlations: users who need one service need the
// other, whether or not that helps to predict. So they are only put back, never probed.
func (s *session) addCorrelated(edges []float32, p *past) {
	n := s.services
	load := make([][]float64, n)
	for service := range load {
		load[service] = ranks(p.last(service, s.problem.Load))
	}
	for i := range n {
		strengths := make([]float64, 0, n)
		for j := range n {
			if r := math.Abs(stat.Correlation(load[i], load[j], nil)); i != j && !math.IsNaN(r) {
				strengths = append(strengths, r)
			}
		}
		if len(strengths) < 2 {
			continue
		}
		mean, deviation := stat.MeanStdDev(strengths, nil)
		for j := range n {
			r := math.Abs(stat.Correlation(load[i], load[j], nil))
			if i != j && r > mean+deviation/2 && max(edges[i*n+j], edges[j*n+i]) == 0 {
				edges[i*n+j] = faintest
			}
		}
	}
}

// ranks returns the rank of every value; equal ones share theirs.
func ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	out := make([]float64, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		after, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
		out[i] = float64(first+after-1) / 2
	}
	return out
}

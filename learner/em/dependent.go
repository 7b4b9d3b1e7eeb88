package em

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// addDependent adds pairs of services whose load rises together at the same steps, given
// that of all others: partial correlations that are more than chance (Dempster, Covariance
// Selection, 1972). Users who need one service need the other, whether or not that helps
// to predict. So they are only put back, never probed.
func (s *session) addDependent(edges []float32, p *past) {
	n, rows := s.services, len(p.columns[0])
	load := mat.NewDense(rows, n, nil)
	for service := range n {
		load.SetCol(service, p.last(service, s.problem.Load))
	}
	var precision mat.SymDense
	var factor mat.Cholesky
	precision.SymOuterK(1, load.T())
	for i := range n {
		precision.SetSym(i, i, precision.At(i, i)+rounding)
	}
	if !factor.Factorize(&precision) || factor.InverseTo(&precision) != nil {
		return // too few samples for so many services
	}
	// What the load of all others leaves of that of each, and how long it lasts.
	var left mat.Dense
	left.Mul(load, &precision)
	lasting := make([]float64, n)
	for i := range n {
		rest := mat.Col(nil, i, &left)
		lasting[i] = max(0, stat.Correlation(rest[1:], rest[:rows-1], nil))
	}
	for i := range n {
		for j := range n {
			r := -precision.At(i, j) / math.Sqrt(precision.At(i, i)*precision.At(j, j))
			fresh := (1 - lasting[i]*lasting[j]) / (1 + lasting[i]*lasting[j]) // share of rows (Bartlett, 1935)
			if i == j || !(r > 0) || max(edges[i*n+j], edges[j*n+i]) > 0 {
				continue
			}
			if significant(r*r, int(fresh*float64(rows)), n) {
				edges[i*n+j] = faintest
			}
		}
	}
}

package baseline

import "github.com/deepscaler/deepscaler/estimator/gnn"

// stepBackward replaces the gradient of hidden state t+1, in the tape's dstate,
// by that of state t, and stores that of the gates before their activation in
// the tape. It adds the gradient of the basis to dbasis unless dbasis is nil.
func (c *cell[T]) stepBackward(a *tape[T], s *scratch[T], t int, basis, dbasis []T) {
	n, h := c.graph.services, c.hidden
	wide, three := c.graph.count()*h, 3*h
	gates, dgates := a.gates[t*n*three:(t+1)*n*three], a.dgates[t*n*three:(t+1)*n*three]
	before, dfeatures := a.state(t), s.features[:n*wide]

	for i := range n {
		row, into := gates[i*three:(i+1)*three], dgates[i*three:(i+1)*three]
		update, candidate := row[:h], row[2*h:]
		dupdate, dcandidate := into[:h], into[2*h:]
		memory, dstate := before[i*h:i*h+h], a.dstate[i*h:i*h+h]
		for j, d := range dstate {
			u, v := update[j], candidate[j]
			dupdate[j] = d * (memory[j] - v) * u * (1 - u)
			dcandidate[j] = d * (1 - u) * (1 - v*v)
			dstate[j] = d * u
		}
	}

	c.graph.gemm(n, wide, h, dgates[2*h:], three, 1, c.candidateT, wide, dfeatures, wide, false)
	clear(s.product)
	c.graph.featuresBackward(s.product, dfeatures, h, basis)
	for i := range n {
		reset, dreset := gates[i*three+h:i*three+2*h], dgates[i*three+h:i*three+2*h]
		memory, dstate := before[i*h:i*h+h], a.dstate[i*h:i*h+h]
		product, dproduct := a.product[i*h:i*h+h], s.product[i*h:i*h+h]
		for j, r := range reset {
			product[j] = r * memory[j]
			dreset[j] = dproduct[j] * memory[j] * r * (1 - r)
			dstate[j] += dproduct[j] * r
		}
	}
	if dbasis != nil {
		c.graph.basisGradient(dbasis, dfeatures, a.product, h, s.transposed)
	}

	c.graph.gemm(n, wide, 2*h, dgates, three, 1, c.gatesT, wide, dfeatures, wide, false)
	c.graph.featuresBackward(a.dstate, dfeatures, h, basis)
	if dbasis != nil {
		c.graph.basisGradient(dbasis, dfeatures, before, h, s.transposed)
	}
}

// projectBackward computes from the gradient of the gates of count steps those
// of x, in the tape's dx, and of the basis, each unless nil.
func (c *cell[T]) projectBackward(a *tape[T], s *scratch[T], from, count int, basis, dbasis []T) {
	if a.dx == nil && dbasis == nil {
		return
	}
	n, wide, three := c.graph.services, c.graph.count()*c.in, 3*c.hidden
	c.graph.gemm(count*n, wide, three, a.dgates[from*n*three:], three, 1, c.inputT, wide, s.features, wide, false)
	for i := range count {
		at, dfeatures := (from+i)*n*c.in, s.features[i*n*wide:(i+1)*n*wide]
		if a.dx != nil {
			dx := a.dx[at : at+n*c.in]
			clear(dx)
			c.graph.featuresBackward(dx, dfeatures, c.in, basis)
		}
		if dbasis != nil {
			c.graph.basisGradient(dbasis, dfeatures, a.x[at:at+n*c.in], c.in, s.transposed)
		}
	}
}

// parametersBackward adds the gradients of the cell's parameters, of all steps
// at once, to gradients, which are in their order.
func (c *cell[T]) parametersBackward(a *tape[T], gradients [][]T) {
	h, three := c.hidden, 3*c.hidden
	rows, features := len(a.dgates)/three, c.graph.count()*h
	in := c.graph.count() * c.in
	gemm := c.graph.gemm
	gemm(in, three, rows, a.input, 1, in, a.dgates, three, gradients[0], three, true)
	gemm(features, 2*h, rows, a.hidden, 1, features, a.dgates, three, gradients[1], 2*h, true)
	gemm(features, h, rows, a.reset, 1, features, a.dgates[2*h:], three, gradients[2], h, true)
	addRows(gradients[3], a.dgates)
}

// addRows adds the rows of a matrix to sum.
func addRows[T gnn.Float](sum, matrix []T) {
	for i := 0; i < len(matrix); i += len(sum) {
		add(sum, matrix[i:])
	}
}

// add adds the first elements of v to sum.
func add[T gnn.Float](sum, v []T) {
	v = v[:len(sum)]
	for i := range sum {
		sum[i] += v[i]
	}
}

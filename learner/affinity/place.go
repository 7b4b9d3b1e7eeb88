package affinity

// place gives every vertex its height in the drawing: near to its neighbours,
// above all where a long edge would bend.
func (l *layering) place() {
	const rounds = 12
	for _, layer := range l.layers {
		y := 0.0
		for i, v := range layer {
			if i > 0 {
				y += l.distance(layer[i-1], v)
			}
			l.vertices[v].y = y
		}
		for _, v := range layer {
			l.vertices[v].y -= y / 2
		}
	}
	for round := range rounds {
		sides := []int{round % 2}
		if round >= rounds-2 {
			sides = []int{left, right}
		}
		for i := range l.layers {
			at := i
			if round%2 == right {
				at = len(l.layers) - 1 - i
			}
			l.align(l.layers[at], sides)
		}
	}
}

// align moves the vertices of a layer as near to their neighbours at the sides
// as they can be.
func (l *layering) align(layer []int, sides []int) {
	wanted, weights, distances := make([]float64, len(layer)), make([]float64, len(layer)), make([]float64, len(layer))
	for i, v := range layer {
		sum, weight := 0.0, 0.0
		for _, side := range sides {
			for _, w := range l.vertices[v].links[side] {
				pull := 1.0
				if l.vertices[v].service < 0 && l.vertices[w].service < 0 {
					pull = 8
				}
				sum += pull * l.vertices[w].y
				weight += pull
			}
		}
		if weight > 0 {
			wanted[i], weights[i] = sum/weight, weight
		} else {
			wanted[i], weights[i] = l.vertices[v].y, 0.1
		}
		if i > 0 {
			distances[i] = l.distance(layer[i-1], v)
		}
	}
	for i, y := range apart(wanted, weights, distances) {
		l.vertices[layer[i]].y = y
	}
}

// distance is that of the centres of two vertices, one right below the other.
func (l *layering) distance(upper, lower int) float64 {
	a, b := &l.vertices[upper], &l.vertices[lower]
	gap := 8.0
	switch {
	case a.service >= 0 && b.service >= 0:
		gap = 16
	case a.service >= 0 || b.service >= 0:
		gap = 12
	}
	return (a.height+b.height)/2 + gap
}

// apart returns the ascending places with the least weighted squares of
// distances to the wanted ones such that each is at least its distance behind
// the one before. Without the distances that is isotonic regression, which
// pooling adjacent violators solves.
func apart(wanted, weights, distances []float64) []float64 {
	type pool struct {
		mean, weight float64
		size         int
	}
	var pools []pool
	offsets := make([]float64, len(wanted))
	for i := range wanted {
		offsets[i] = distances[i]
		if i > 0 {
			offsets[i] += offsets[i-1]
		}
		p := pool{mean: wanted[i] - offsets[i], weight: weights[i], size: 1}
		for len(pools) > 0 && pools[len(pools)-1].mean >= p.mean {
			q := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			p.mean = (p.mean*p.weight + q.mean*q.weight) / (p.weight + q.weight)
			p.weight += q.weight
			p.size += q.size
		}
		pools = append(pools, p)
	}
	out := make([]float64, 0, len(wanted))
	for _, p := range pools {
		for range p.size {
			out = append(out, p.mean+offsets[len(out)])
		}
	}
	return out
}

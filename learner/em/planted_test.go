package em

import (
	"math"
	"math/rand/v2"
	"slices"
)

// planted is telemetry whose dependencies are known: the load of every service
// is a mixture of that of its sources some steps ago and a share of its own.
type planted struct {
	services, steps, lag int
	load                 []float64 // [step][service], about standardised
	// edges are all dependencies, source·N+destination; shown are those that
	// traces know. The others are call edges withheld from the initial graph, and
	// the latent one, which no call shows.
	edges, shown map[int]bool
	latent       int
}

// plant draws an application: roots whose load wanders by itself, and services
// that follow one or two others. Half of the edges are withheld. The last root
// has a follower as well that no call explains.
func plant(rng *rand.Rand, services, roots, steps, lag int) *planted {
	p := &planted{services: services, steps: steps, lag: lag, edges: map[int]bool{}, shown: map[int]bool{}}
	sources := make([][]int, services)
	order := rng.Perm(services)
	follow := func(source, service int) int {
		sources[service] = append(sources[service], source)
		edge := source*services + service
		p.edges[edge] = true
		return edge
	}
	for at := roots; at < services; at++ {
		for service := order[at]; len(sources[service]) < 1+at%2; {
			if source := order[rng.IntN(at)]; !slices.Contains(sources[service], source) {
				if edge := follow(source, service); rng.Float64() < 0.5 {
					p.shown[edge] = true
				}
			}
		}
	}
	p.latent = follow(order[0], order[roots-1])
	p.load = make([]float64, steps*services)
	wander := make([]float64, services)
	for t := range steps {
		for n := range services {
			own := &wander[n]
			*own = 0.85**own + rng.NormFloat64()*0.5
			if rng.Float64() < 0.03 {
				*own += 2 * rng.NormFloat64()
			}
			if len(sources[n]) == 0 || t < lag {
				p.load[t*services+n] = *own
				continue
			}
			v := 0.0
			for _, s := range sources[n] {
				v += p.load[(t-lag)*services+s]
			}
			p.load[t*services+n] = v/math.Sqrt(float64(len(sources[n]))) + 0.2**own
		}
	}
	return p
}

// plantedSamples are windows of planted telemetry: the load of the last window steps, to predict
// that of the next.
type plantedSamples struct {
	p           *planted
	window      int
	from, until int
}

func (s plantedSamples) Len() int { return s.until - s.from }

func (s plantedSamples) Fill(indices []int, x, y []float32) {
	n := s.p.services
	for b, i := range indices {
		origin := s.from + i
		for k := range s.window * n {
			x[b*s.window*n+k] = float32(s.p.load[(origin-s.window+1)*n+k])
		}
		for k := range n {
			y[b*n+k] = float32(s.p.load[(origin+1)*n+k])
		}
	}
}

func (plantedSamples) Kept(_ int, shares []float64) {
	for n := range shares {
		shares[n] = 1
	}
}

func (plantedSamples) Censored(_ []int, mask []bool) { clear(mask) }

// averagePrecision is the area under the precision–recall curve of scores that
// rank the candidates.
func averagePrecision(scores []float64, positive func(i int) bool, candidates []int) float64 {
	order := slices.Clone(candidates)
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	found, area, total := 0, 0.0, 0
	for _, i := range order {
		if positive(i) {
			total++
		}
	}
	// Ties share the precision at their end, so that a constant score is no better than chance.
	for at := 0; at < len(order); {
		end := at
		hits := 0
		for end < len(order) && scores[order[end]] == scores[order[at]] {
			if positive(order[end]) {
				hits++
			}
			end++
		}
		found += hits
		area += float64(hits) * float64(found) / float64(end)
		at = end
	}
	return area / float64(total)
}

func (p *planted) correlation(i, j int) float64 {
	n, steps := p.services, float64(p.steps)
	var meanI, meanJ, varI, varJ, product float64
	for t := range p.steps {
		meanI += p.load[t*n+i] / steps
		meanJ += p.load[t*n+j] / steps
	}
	for t := range p.steps {
		a, b := p.load[t*n+i]-meanI, p.load[t*n+j]-meanJ
		varI += a * a
		varJ += b * b
		product += a * b
	}
	return product / math.Sqrt(varI*varJ)
}

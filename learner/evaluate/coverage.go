package evaluate

// cover counts the labels that predictions cover, by quantile.
type cover struct {
	covered, known []int
}

// add counts a prediction. A lower bound that is covered shows nothing, since the truth may
// be higher.
func (c *cover) add(level, levels int, label, prediction float32, censored bool) {
	if c.known == nil {
		c.covered, c.known = make([]int, levels), make([]int, levels)
	}
	switch {
	case label != label, censored && label <= prediction:
		return
	case label <= prediction:
		c.covered[level]++
	}
	c.known[level]++
}

// coverage returns the covered share of all parts for each level, nil if one has no labels.
func coverage(parts []cover, levels int) []float64 {
	out := make([]float64, levels)
	for level := range out {
		covered, known := 0, 0
		for _, p := range parts {
			if p.known != nil {
				covered, known = covered+p.covered[level], known+p.known[level]
			}
		}
		if known == 0 {
			return nil
		}
		out[level] = float64(covered) / float64(known)
	}
	return out
}

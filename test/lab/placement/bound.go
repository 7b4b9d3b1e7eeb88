package placement

// Bound improves a placement by moving single pods and by swapping two, while the mean round
// trip of a call falls. No zone becomes busier than allowed. It has all pods at once and never
// pays for a move, so it bounds what a scheduler can reach.
func Bound(c *Cluster, l *Load, trips [3]float64, worst float64) *Cluster {
	best := c.Clone()
	value := func() float64 {
		e := Expect(best, l)
		return e.Trip(trips) + max(0, e.Worst-worst)
	}
	least := value()
	better := func() bool {
		if v := value(); v < least-1e-12 {
			least = v
			return true
		}
		return false
	}
	for improved := true; improved; {
		improved = false
		for i := range best.Pods {
			from := best.Pods[i].Node
			for _, node := range best.Fits(best.Pods[i].Service) {
				best.Pods[i].Node = node
				if better() {
					improved = true
					from = node
				}
				best.Pods[i].Node = from
			}
			for j := range i {
				if best.swap(i, j) {
					if better() {
						improved = true
					} else {
						best.Pods[i].Node, best.Pods[j].Node = best.Pods[j].Node, best.Pods[i].Node
					}
				}
			}
		}
	}
	return best
}

// swap exchanges the nodes of two pods, unless that changes nothing or does not fit.
func (c *Cluster) swap(i, j int) bool {
	a, b := &c.Pods[i], &c.Pods[j]
	if a.Service == b.Service || a.Node == b.Node {
		return false
	}
	a.Node, b.Node = b.Node, a.Node
	free := c.free()
	for _, n := range [2]int{a.Node, b.Node} {
		if f := free[n]; f.MilliCPU < 0 || f.Memory < 0 || f.Pods < 0 {
			a.Node, b.Node = b.Node, a.Node
			return false
		}
	}
	return true
}

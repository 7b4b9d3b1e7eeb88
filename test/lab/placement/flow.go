package placement

import "github.com/deepscaler/deepscaler/test/testbed/simulation"

// Load is what users make an application do.
type Load struct {
	// Outside are the calls of users per second to each service, Edges those from service
	// to service.
	Outside []float64
	Edges   [][]float64
	// Busy are the cores that the calls to a service keep busy, Limit the cores of a pod
	// beside its idle use.
	Busy, Limit []float64
}

// Expected is what follows from where the pods are, with PreferSameZone.
type Expected struct {
	// Share of the calls between pods by distance.
	Share [3]float64
	// Worst is the largest utilisation of the pods of a service in a zone, and Balanced
	// what it would be if all pods of the service were equally busy.
	Worst, Balanced float64
}

// Trip returns the mean round trip of a call.
func (e Expected) Trip(trips [3]float64) float64 {
	return e.Share[0]*trips[0] + e.Share[1]*trips[1] + e.Share[2]*trips[2]
}

// Expect follows the calls of users, who reach all pods of a service alike.
func Expect(c *Cluster, l *Load) Expected {
	zones, nodes := c.ByZone(), c.Nodes()
	total := make([]float64, len(l.Outside))
	for _, pods := range zones {
		for s, n := range pods {
			total[s] += float64(n)
		}
	}
	work := matrix(len(zones), len(total)) // calls per second by zone and service that serves them
	for range len(total) + 1 {             // calls are at most as deep as there are services
		arrive := matrix(len(zones), len(total)) // the same by zone that they come from
		for z := range zones {
			for s := range total {
				if total[s] == 0 {
					continue
				}
				arrive[z][s] += l.Outside[s] * float64(zones[z][s]) / total[s]
				sent := 0.0
				for _, calls := range l.Edges[s] {
					sent += calls
				}
				if sent == 0 {
					continue
				}
				share := work[z][s] / max(received(l, s), 1e-12)
				for t, calls := range l.Edges[s] {
					arrive[z][t] += calls * share
				}
			}
		}
		for s := range total {
			served(zones, arrive, work, total, s)
		}
	}
	return expected(c, l, zones, nodes, total, work)
}

// received returns the calls per second to a service.
func received(l *Load, s int) float64 {
	sum := l.Outside[s]
	for i := range l.Edges {
		sum += l.Edges[i][s]
	}
	return sum
}

// served lets a zone with pods serve what arrives there; the rest goes to all pods.
func served(zones [][]int, arrive, work [][]float64, total []float64, s int) {
	rest := 0.0
	for z := range zones {
		if zones[z][s] == 0 {
			rest += arrive[z][s]
		}
	}
	for z := range zones {
		work[z][s] = 0
		if zones[z][s] > 0 {
			work[z][s] = arrive[z][s] + rest*float64(zones[z][s])/total[s]
		}
	}
}

func expected(c *Cluster, l *Load, zones, nodes [][]int, total []float64, work [][]float64) Expected {
	var out Expected
	calls := 0.0
	for t := range total {
		for s := range total {
			if l.Edges[s][t] == 0 || total[s] == 0 || total[t] == 0 {
				continue
			}
			for z := range zones {
				from := l.Edges[s][t] * work[z][s] / received(l, s)
				calls += from
				if zones[z][t] == 0 {
					out.Share[simulation.OtherZone] += from
					continue
				}
				same := 0.0
				for n := range nodes {
					if c.Zones[n] == z && zones[z][s] > 0 {
						same += float64(nodes[n][s]*nodes[n][t]) / float64(zones[z][s]*zones[z][t])
					}
				}
				out.Share[simulation.SameNode] += from * same
				out.Share[simulation.SameZone] += from * (1 - same)
			}
		}
	}
	for d := range out.Share {
		out.Share[d] /= max(calls, 1e-12)
	}
	for s := range total {
		all := received(l, s)
		if all == 0 || total[s] == 0 {
			continue
		}
		out.Balanced = max(out.Balanced, l.Busy[s]/(total[s]*l.Limit[s]))
		for z := range zones {
			if zones[z][s] > 0 {
				out.Worst = max(out.Worst, l.Busy[s]*work[z][s]/all/(float64(zones[z][s])*l.Limit[s]))
			}
		}
	}
	return out
}

func matrix(rows, columns int) [][]float64 {
	out := make([][]float64, rows)
	for i := range out {
		out[i] = make([]float64, columns)
	}
	return out
}

package placement

// networkOverhead is the score of NetworkAware (scheduler-plugins): the cost of the calls
// to the pods that this one depends on, by hostname, zone and region, each pod alike. Its
// AppGroup is perfect: it names exactly the callees.
type networkOverhead struct{ edges [][]float64 }

// Costs of the plugin: none on the same host, 1 in the same zone, and between zones the
// 5 of its example.
const zoneCost = 5

func (r networkOverhead) Score(c *Cluster, service int, nodes []int) []float64 {
	scores := make([]float64, len(nodes))
	for i, n := range nodes {
		for _, p := range c.Pods {
			switch {
			case r.edges[service][p.Service] <= 0 || p.Node == n:
			case c.Zones[p.Node] == c.Zones[n]:
				scores[i]--
			default:
				scores[i] -= zoneCost
			}
		}
	}
	return scaled(scores)
}

// netMARKS is the score of NetMARKS (INFOCOM 2021): the traffic between the pod and those
// on the node, in both directions.
type netMARKS struct{ edges [][]float64 }

func (r netMARKS) Score(c *Cluster, service int, nodes []int) []float64 {
	byNode, total := c.Nodes(), make([]int, len(c.Requests))
	for _, p := range c.Pods {
		total[p.Service]++
	}
	scores := make([]float64, len(nodes))
	for i, n := range nodes {
		for s, pods := range byNode[n] {
			if pods > 0 {
				scores[i] += (r.edges[service][s] + r.edges[s][service]) * float64(pods) / float64(total[s])
			}
		}
	}
	return scaled(scores)
}

// podAffinity is InterPodAffinity where every Deployment prefers the zones of its callees,
// each with weight 100. As in Kubernetes, pods that prefer this one count as well.
type podAffinity struct{ edges [][]float64 }

func (r podAffinity) Score(c *Cluster, service int, nodes []int) []float64 {
	byZone := c.ByZone()
	scores := make([]float64, len(nodes))
	for i, n := range nodes {
		for s, pods := range byZone[c.Zones[n]] {
			for _, calls := range [2]float64{r.edges[service][s], r.edges[s][service]} {
				if calls > 0 {
					scores[i] += 100 * float64(pods)
				}
			}
		}
	}
	return scaled(scores)
}

// Others returns the schedulers to compare with, which are given exact call rates.
func Others(edges [][]float64) []Scheduler {
	with := func(name string, r Rule, weight float64) Scheduler {
		return Scheduler{Name: name, Rules: append(stock(), Weighted{r, weight})}
	}
	return []Scheduler{
		// The weights are those of the plugins' own examples, and the default of Kubernetes.
		with("NetworkAware", networkOverhead{edges}, 5),
		with("NetMARKS", netMARKS{edges}, 10),
		with("podAffinity", podAffinity{edges}, 2),
	}
}

package placement

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Rule scores nodes for a pod of a service.
type Rule interface {
	// Score returns a number from 0 to 100 for each of the nodes.
	Score(c *Cluster, service int, nodes []int) []float64
}

// Weighted is a rule with its weight in the profile of a scheduler.
type Weighted struct {
	Rule
	Weight float64
}

// Scheduler places pods as kube-scheduler does: the node with the highest weighted sum
// of scores, a random one of several.
type Scheduler struct {
	Name  string
	Rules []Weighted
	// Cost is the deletion cost of each pod of a service, lowest first to go. Nil means
	// all have the same.
	Cost func(c *Cluster, service int, pods []int) []int
}

// Place adds a pod of a service to the cluster.
func (s *Scheduler) Place(c *Cluster, service int, random *rand.Rand) error {
	nodes := c.Fits(service)
	if len(nodes) == 0 {
		return fmt.Errorf("no node has room for another pod of service %d", service)
	}
	sum := make([]float64, len(nodes))
	for _, r := range s.Rules {
		for i, score := range r.Score(c, service, nodes) {
			sum[i] += r.Weight * float64(int64(score))
		}
	}
	best := slices.Max(sum)
	var ties []int
	for i, v := range sum {
		if v == best {
			ties = append(ties, nodes[i])
		}
	}
	c.add(service, ties[random.IntN(len(ties))])
	return nil
}

// Remove takes a pod of a service away, as the ReplicaSet controller chooses it among
// ready pods: by the deletion cost, given by birth, then the one with most of its kind on its node, then
// the youngest.
func (s *Scheduler) Remove(c *Cluster, service int, costs map[int]int) {
	pods := c.Of(service)
	cost := make([]int, len(pods))
	for i, p := range pods {
		cost[i] = costs[c.Pods[p].Born]
	}
	nodes := c.Nodes()
	order := make([]int, len(pods))
	for i := range order {
		order[i] = i
	}
	victim := slices.MinFunc(order, func(a, b int) int {
		x, y := c.Pods[pods[a]], c.Pods[pods[b]]
		return cmp.Or(cost[a]-cost[b], nodes[y.Node][service]-nodes[x.Node][service], y.Born-x.Born)
	})
	c.remove(pods[victim])
}

// Scale brings every service to the wanted replicas, one pod at a time in random order. It
// returns the number of pods that were removed.
func (s *Scheduler) Scale(c *Cluster, want []int, random *rand.Rand) (removed int, err error) {
	have := make([]int, len(want))
	for _, p := range c.Pods {
		have[p.Service]++
	}
	var steps []int // a service each
	for service := range want {
		for range max(want[service]-have[service], have[service]-want[service]) {
			steps = append(steps, service)
		}
	}
	costs := map[int]int{} // by birth; written before the scale-in
	for service := range want {
		if s.Cost != nil && want[service] < have[service] {
			pods := c.Of(service)
			for i, cost := range s.Cost(c, service, pods) {
				costs[c.Pods[pods[i]].Born] = cost
			}
		}
	}
	random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, service := range steps {
		if have[service] > want[service] {
			s.Remove(c, service, costs)
			removed++
			continue
		}
		if err := s.Place(c, service, random); err != nil {
			return removed, err
		}
	}
	return removed, nil
}

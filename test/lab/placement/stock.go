package placement

import (
	"math"
	"slices"
)

// leastAllocated is NodeResourcesFit with its default strategy.
type leastAllocated struct{}

func (leastAllocated) Score(c *Cluster, service int, nodes []int) []float64 {
	scores := make([]float64, len(nodes))
	for i, f := range used(c, service, nodes) {
		scores[i] = 100 * ((1 - f[0]) + (1 - f[1])) / 2
	}
	return scores
}

// balancedAllocation is NodeResourcesBalancedAllocation.
type balancedAllocation struct{}

func (balancedAllocation) Score(c *Cluster, service int, nodes []int) []float64 {
	scores := make([]float64, len(nodes))
	for i, f := range used(c, service, nodes) {
		scores[i] = 100 * (1 - math.Abs(f[0]-f[1])/2)
	}
	return scores
}

// used returns the shares of CPU and memory that are requested once the pod is there.
func used(c *Cluster, service int, nodes []int) [][2]float64 {
	out := make([][2]float64, len(nodes))
	free := c.free()
	for i, n := range nodes {
		left := free[n].Minus(c.Requests[service])
		out[i] = [2]float64{
			1 - float64(left.MilliCPU)/float64(c.Capacity[n].MilliCPU),
			1 - float64(left.Memory)/float64(c.Capacity[n].Memory),
		}
	}
	return out
}

// spread is PodTopologySpread with the constraints that kube-scheduler has by default:
// the pods of a service over nodes (skew 3) and zones (skew 5), where possible.
type spread struct{}

func (spread) Score(c *Cluster, service int, nodes []int) []float64 {
	byNode, byZone := c.Nodes(), c.ByZone()
	weight := func(topologies int) float64 { return math.Log(float64(topologies + 2)) }
	scores := make([]float64, len(nodes))
	for i, n := range nodes {
		scores[i] = math.Round(float64(byNode[n][service])*weight(len(nodes)) + 2 +
			float64(byZone[c.Zones[n]][service])*weight(c.zones()) + 4)
	}
	low, high := slices.Min(scores), slices.Max(scores)
	for i, s := range scores {
		scores[i] = 100 * (high + low - s) / high
	}
	return scores
}

// Default returns kube-scheduler's default profile, as far as its rules differ between
// the nodes here.
func Default() Scheduler { return Scheduler{Name: "default", Rules: stock()} }

func stock() []Weighted {
	return []Weighted{{leastAllocated{}, 1}, {balancedAllocation{}, 1}, {spread{}, 2}}
}

// scaled scales numbers to 0 to 100, the highest best, like the NormalizeScore of most plugins.
func scaled(scores []float64) []float64 {
	low, high := slices.Min(scores), slices.Max(scores)
	for i, s := range scores {
		scores[i] = 0
		if high > low {
			scores[i] = 100 * (s - low) / (high - low)
		}
	}
	return scores
}

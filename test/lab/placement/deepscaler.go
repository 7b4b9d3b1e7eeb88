package placement

import (
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// Weight is that of DeepScaler's plugin in a profile, as the manifests have it.
const Weight = 50

// deepScaler is the plugin's score.
type deepScaler struct {
	calls []estimator.Call
	// needed are the replicas that the plan asks for.
	needed *[]float64
}

func (r deepScaler) model(c *Cluster) (*placement.Model, error) {
	return placement.New(placement.Demand{Needed: *r.needed, Calls: r.calls, Requests: c.Requests})
}

func (r deepScaler) Score(c *Cluster, service int, nodes []int) []float64 {
	scores := make([]float64, len(nodes))
	m, err := r.model(c)
	if err != nil {
		// The experiment makes no invalid demand.
		panic(err)
	}
	free, byNode := c.free(), c.Nodes()
	room := make([]int, len(c.Requests))
	for s := range room {
		for _, f := range free {
			room[s] += f.Fits(c.Requests[s])
		}
	}
	d := m.Place(service, placement.Layout{Pods: c.ByZone(), Room: room})
	for i, n := range nodes {
		scores[i] = 100 * d.Score(c.Zones[n], byNode[n], free[n]).Value
	}
	return scores
}

// cost is the deletion cost that the adapter writes when it may.
func (r deepScaler) cost(c *Cluster, service int, pods []int) []int {
	m, err := r.model(c)
	if err != nil {
		panic(err)
	}
	nodes := c.Nodes()
	places := make([]placement.Pod, len(pods))
	for i, p := range pods {
		places[i] = placement.Pod{Zone: c.Zones[c.Pods[p].Node], Node: nodes[c.Pods[p].Node]}
	}
	cost := make([]int, len(pods))
	for rank, i := range m.Removal(service, placement.Layout{Pods: c.ByZone()}, places) {
		cost[i] = rank
	}
	return cost
}

// DeepScaler returns our scheduler for calls per second between services, with and without
// the deletion cost. needed is read at every decision.
func DeepScaler(calls []estimator.Call, needed *[]float64, weight float64) []Scheduler {
	r := deepScaler{calls, needed}
	rules := append(stock(), Weighted{r, weight})
	return []Scheduler{
		{Name: "DeepScaler", Rules: rules},
		{Name: "DeepScaler+cost", Rules: rules, Cost: r.cost},
	}
}

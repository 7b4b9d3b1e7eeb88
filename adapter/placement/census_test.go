package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-scheduler/framework"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator"
)

// Counting what changed gives the same as counting everything.
func TestCensusIsIncremental(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	services := []string{"front", "cart", "stranger"}
	rep, err := knowledge.Read(t.Context(), &adapter{items: shop(noon, 1, 1)}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	known := knowledge.Join([]*knowledge.Report{rep})[estimator.Service{Namespace: "shop", Name: "cart"}]
	c := newCensus(known)
	var nodes []framework.NodeInfo
	for i := range 12 {
		nodes = append(nodes, newNode(fmt.Sprint("n", i), string(rune('a'+i%3))))
	}
	for round := range 200 {
		var pods []*corev1.Pod
		for range r.IntN(5) {
			pod := podOf("shop", services[r.IntN(3)])
			if r.IntN(5) == 0 {
				pod.DeletionTimestamp = &metav1.Time{Time: noon}
			}
			if r.IntN(20) == 0 {
				pod.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = *resource.NewMilliQuantity(int64(100+50*r.IntN(3)), resource.DecimalSI)
			}
			pods = append(pods, pod)
		}
		at := noon.Add(time.Duration(round) * rescan)
		changed := nodes[r.IntN(len(nodes))].(*node)
		changed.set(pods...)
		if round%2 == 0 {
			at = c.scanned // too early to look through all nodes
			c.change(changed.object.Name)
		}
		if round%50 == 49 {
			nodes = append(slices.Clone(nodes[1:]), newNode(fmt.Sprint("new", round), "d"))
		}
		c.update(nodes, at)
		fresh := newCensus(known)
		fresh.requests = slices.Clone(c.requests)
		fresh.update(nodes, noon)
		copy(fresh.requests, c.requests)
		fresh.refit()
		byZone := func(c *census) map[string][]int {
			out := map[string][]int{}
			for name, z := range c.zones {
				out[name] = c.pods[z]
			}
			return out
		}
		if diff := cmp.Diff(byZone(fresh), byZone(c)); diff != "" {
			t.Fatalf("round %d: pods by zone (-all counted +counted in parts):\n%s", round, diff)
		}
		if diff := cmp.Diff(fresh.room, c.room); diff != "" {
			t.Fatalf("round %d: room (-all counted +counted in parts):\n%s", round, diff)
		}
	}
}

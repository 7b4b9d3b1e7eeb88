package placement

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// scaleIn writes the deletion cost of pods, by which the ReplicaSet controller removes the
// one whose loss hurts least. It writes only where the order is wrong, because each write is
// a request, and an update for all who watch pods.
type scaleIn struct {
	feed   *feed
	client kubernetes.Interface
	pods   corelisters.PodLister
	nodes  corelisters.NodeLister
}

// scaleInPeriod is the time between two looks at all pods.
const scaleInPeriod = 2 * time.Second

// run looks at the applications that are scheduled here until ctx is done. A replica of the
// scheduler that does not lead schedules none, and so writes nothing.
func (s *scaleIn) run(ctx context.Context) {
	ticker := s.feed.clock.NewTicker(scaleInPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		if err := s.update(ctx); err != nil {
			klog.FromContext(ctx).Info("Cannot write the deletion cost of pods; scale-in goes on without it", "err", err)
		}
	}
}

// update writes the costs of all applications with fresh data.
func (s *scaleIn) update(ctx context.Context) error {
	done := map[*knowledge.Application]bool{}
	for _, a := range *s.feed.known.Load() {
		if done[a] || !a.Fresh(s.feed.clock.Now()) {
			continue
		}
		done[a] = true
		if err := s.order(ctx, a); err != nil {
			return fmt.Errorf("application %s: %w", a.Name, err)
		}
	}
	return nil
}

// order writes the costs of the pods of one application.
func (s *scaleIn) order(ctx context.Context, a *knowledge.Application) error {
	m, err := placement.New(placement.Demand{
		Needed: a.Needed, Calls: a.Calls, Affinity: a.Affinity, Requests: make([]placement.Resources, len(a.Services)),
	})
	if err != nil {
		return err
	}
	pods, layout, err := s.count(a)
	if err != nil {
		return err
	}
	for service, all := range pods {
		if len(all) < 2 {
			continue
		}
		places := make([]placement.Pod, len(all))
		for i, p := range all {
			places[i] = p.Pod
		}
		for i, cost := range costs(all, m.Removal(service, layout, places)) {
			if cost == all[i].cost {
				continue
			}
			if err := s.write(ctx, all[i].object, cost); err != nil {
				return err
			}
		}
	}
	return nil
}

// placed is a pod on its node.
type placed struct {
	placement.Pod
	object *corev1.Pod
	cost   int
}

// count returns the pods that stay by service, in the order of their names.
func (s *scaleIn) count(a *knowledge.Application) ([][]placed, placement.Layout, error) {
	var layout placement.Layout
	zones, err := s.zones()
	if err != nil {
		return nil, layout, err
	}
	for range zones {
		layout.Pods = append(layout.Pods, make([]int, len(a.Services)))
	}
	onNode := map[string][]int{}
	pods := make([][]placed, len(a.Services))
	namespaces := map[string]bool{}
	for _, service := range a.Services {
		if namespaces[service.Namespace] {
			continue
		}
		namespaces[service.Namespace] = true
		list, err := s.pods.Pods(service.Namespace).List(labels.Everything())
		if err != nil {
			return nil, layout, err
		}
		for _, p := range list {
			i, stays := a.Serves(p)
			if !stays {
				continue
			}
			node, err := s.nodes.Get(p.Spec.NodeName)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, layout, err
			}
			z, listed := slices.BinarySearch(zones, node.Labels[corev1.LabelTopologyZone])
			if !listed {
				continue // the node is new
			}
			if onNode[node.Name] == nil {
				onNode[node.Name] = make([]int, len(a.Services))
			}
			layout.Pods[z][i]++
			onNode[node.Name][i]++
			cost, err := strconv.Atoi(p.Annotations[corev1.PodDeletionCost])
			if err != nil {
				cost = 0 // which is how the ReplicaSet controller reads it
			}
			pods[i] = append(pods[i], placed{placement.Pod{Zone: z, Node: onNode[node.Name]}, p, cost})
		}
	}
	for i := range pods {
		slices.SortFunc(pods[i], func(a, b placed) int { return cmp.Compare(a.object.Name, b.object.Name) })
	}
	return pods, layout, nil
}

// zones returns the names of the zones in their order, so that two updates agree which is which.
func (s *scaleIn) zones() ([]string, error) {
	nodes, err := s.nodes.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, n := range nodes {
		names[n.Labels[corev1.LabelTopologyZone]] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// costs returns the cost of every pod, given the order in which they should go. The present
// ones stay if they give that order for the first half, which is more than a scale-in takes at once.
func costs(pods []placed, order []int) []int {
	half := (len(order) + 1) / 2
	out := make([]int, len(pods))
	right := true
	for rank, i := range order {
		out[i] = pods[i].cost
		if rank > 0 {
			right = right && pods[order[min(rank, half)-1]].cost < pods[i].cost
		}
	}
	if right {
		return out
	}
	for rank, i := range order {
		out[i] = min(0, rank-half)
	}
	return out
}

// write sets the annotation of a pod. One that is gone needs none.
func (s *scaleIn) write(ctx context.Context, p *corev1.Pod, cost int) error {
	var value any = strconv.Itoa(cost)
	if cost == 0 {
		value = nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		// A new pod may have taken the name.
		"uid": p.UID, "annotations": map[string]any{corev1.PodDeletionCost: value},
	}})
	if err != nil {
		return err
	}
	_, err = s.client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "deepscaler-scheduler"})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pod %s/%s: %w", p.Namespace, p.Name, err)
	}
	return nil
}

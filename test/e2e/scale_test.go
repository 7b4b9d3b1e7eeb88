package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// HPAs reach the count they are told, and a step from 12 to 13 is not lost in
// the controller's tolerance of 10 %.
func TestHPAsReachDesiredReplicas(t *testing.T) {
	s := stage(t, staging{minReplicas: 1})
	s.reaches(t, 4)
	// The load, in replicas that it keeps as busy as a steady one does.
	load, changed := 10.0, time.Time{}
	for _, n := range []int64{12, 13} {
		eventually(t, fmt.Sprintf("the metric is %d", n), func(ctx context.Context) error {
			item, err := s.item(ctx, s.service.Name)
			if err != nil {
				return err
			}
			now := item.Value.Value()
			if item.Timestamp.Time.Before(changed.Add(step)) {
				return fmt.Errorf("waiting for a plan of %.1f replicas' load, the last is %d", load, now)
			}
			if now == n {
				return nil
			}
			// Less than a replica more at a time cannot pass over n.
			load, changed = load+0.8*float64(n-now), time.Now()
			s.set(script{replicas: load, cpu: steady.cpu, latency: steady.latency, requests: steady.requests * load / steady.replicas})
			return fmt.Errorf("it is %d", now)
		})
		s.reaches(t, n)
	}
}

// perReplica is what a replica of the chain answers at its limit, in requests per second.
const perReplica = 20

// A step in the entry load raises the metric of every service of the chain to what the whole
// load needs, and their HPAs act on it, before new pods are ready anywhere: later services do not
// wait until the pods of earlier ones let the load pass (paper §II-C, Insight 1: no cascade).
func TestChainScalesTogether(t *testing.T) {
	const load = 150
	s := start(t, 30, 3)
	s.settled(t, 2)

	s.schedulable(t, false)
	t.Cleanup(func() { s.schedulable(t, true) })
	if err := s.SetLoad(t.Context(), load); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all services are scaled out to what the load needs", func(ctx context.Context) error {
		ready, err := s.Ready(ctx)
		if err != nil {
			return err
		}
		asked, err := s.asked(ctx)
		if err != nil {
			return err
		}
		for _, service := range s.Services {
			if ready[service]*perReplica >= load {
				t.Fatalf("%s has %d ready pods, which let the whole load pass: nothing was tested", service, ready[service])
			}
			if asked[service]*perReplica < load {
				return fmt.Errorf("scaled to %v with %v ready pods", asked, ready)
			}
		}
		return nil
	})

	s.schedulable(t, true)
	s.settled(t, load/perReplica)
}

// schedulable lets the nodes take new pods, or none.
func (s *site) schedulable(t *testing.T, yes bool) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	nodes, err := s.plane.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	patch := fmt.Appendf(nil, `{"spec": {"unschedulable": %t}}`, !yes)
	for i := range nodes.Items {
		if _, err := s.plane.Client.CoreV1().Nodes().Patch(ctx, nodes.Items[i].Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

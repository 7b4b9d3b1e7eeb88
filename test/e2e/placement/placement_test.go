package placement

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	lab "github.com/deepscaler/deepscaler/test/lab/placement"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/manifest"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// TestZonesServeThemselves scales Online Boutique from 10 pods to 40 and back, while the
// scheduler restarts, the adapter goes and comes, its data gets old, and a node is full. The
// parts are in order: each goes on from the one before.
func TestZonesServeThemselves(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	experiment := lab.Defaults(a)
	scene, err := experiment.Scene()
	if err != nil {
		t.Fatal(err)
	}
	few, many := slices.Repeat([]int{1}, len(scene.Many)), scene.Many
	adapter := &scripted{names: a.ServiceNames(), calls: scene.Calls, desired: few}

	install(t)
	adapter.register(t)
	s := start(t, 1)
	apply(t, namespace(shop, map[string]string{"deepscaler.io/placement": "enabled"}))
	admitted(t)
	for _, d := range manifest.Deployments(a, shop) {
		d.Spec.Replicas = new(int32(1))
		apply(t, d)
	}
	scale := func(t *testing.T, want []int) []corev1.Pod {
		t.Helper()
		adapter.set(func(s *scripted) { s.desired = want })
		for i, n := range want {
			resize(t, a.Services[i].Name, n)
		}
		return pods(t, want)
	}
	// decides waits until the scheduler has what the adapter knows now, which shows in the
	// result for a pod.
	decides := func(t *testing.T, s *scheduler, result string) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; {
			before := s.decided(t, result)
			resize(t, a.Services[0].Name, 2)
			pods(t, append([]int{2}, few[1:]...))
			resize(t, a.Services[0].Name, 1)
			pods(t, few)
			if s.decided(t, result) > before {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no pod is %s", result)
			}
		}
	}
	part := func(name string, test func(t *testing.T)) {
		t.Helper()
		if !t.Run(name, test) {
			t.FailNow()
		}
	}
	part("the admission policy chooses the scheduler", func(t *testing.T) {
		for _, p := range pods(t, few) {
			if p.Spec.SchedulerName != name {
				t.Errorf("pod %s asks for scheduler %s", p.Name, p.Spec.SchedulerName)
			}
		}
	})
	part("10 to 40 pods", func(t *testing.T) {
		decides(t, s, "scored")
		crossZones(t, scene, scale(t, many), 0.1)
		if n := s.decided(t, "scored"); n < 30 {
			t.Errorf("the plugin scored %v pods, want all 30", n)
		}
	})
	part("back and again, over a restart of the scheduler", func(t *testing.T) {
		scale(t, few)
		s.stop(t)
		for i, n := range many {
			resize(t, a.Services[i].Name, n)
		}
		s = start(t, 2)
		pods(t, many)
		scale(t, few)
		decides(t, s, "scored")
		crossZones(t, scene, scale(t, many), 0.1)
		scale(t, few)
	})
	part("50 scale-ins", func(t *testing.T) {
		var running []corev1.Pod
		more := slices.Clone(many)
		for i := range more {
			more[i] += (more[i] + 1) / 2
		}
		for removed := 0; removed < 50; {
			scale(t, more)
			costsWritten(t)
			running = scale(t, many)
			for i := range many {
				removed += more[i] - many[i]
			}
		}
		crossZones(t, scene, running, 0.1)
		costly := 0
		for _, p := range running {
			if p.Annotations[corev1.PodDeletionCost] != "" {
				costly++
			}
		}
		if costly == 0 {
			t.Error("no pod has a deletion cost")
		}
		scale(t, few)
	})
	part("pods are protected from the scheduler", func(t *testing.T) {
		config, err := shared.cluster.RESTConfigFor(controlplane.ServiceAccount(system, name))
		if err != nil {
			t.Fatal(err)
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		pod := pods(t, few)[0]
		for patch, allowed := range map[string]bool{
			`{"metadata":{"annotations":{"controller.kubernetes.io/pod-deletion-cost":"-1"}}}`:        true,
			`{"spec":{"containers":[{"name":"` + pod.Spec.Containers[0].Name + `","image":"evil"}]}}`: false,
			`{"metadata":{"labels":{"app":"other"}}}`:                                                 false,
		} {
			_, err := client.CoreV1().Pods(shop).Patch(t.Context(), pod.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
			if (err == nil) != allowed {
				t.Errorf("patch %s: error %v, want it allowed: %v", patch, err, allowed)
			}
		}
	})
	for _, outage := range []struct {
		name   string
		change func(*scripted)
	}{
		{"the adapter is gone", func(s *scripted) { s.gone = true }},
		{"the plan is old", func(s *scripted) { s.made = time.Now().Add(-time.Hour) }},
	} {
		part(outage.name, func(t *testing.T) {
			adapter.set(outage.change)
			decides(t, s, "stale")
			before := s.decided(t, "stale")
			scored := s.decided(t, "scored")
			scale(t, many)
			if got := s.decided(t, "stale") - before; got < 30 || s.decided(t, "scored") != scored {
				t.Errorf("%v pods were left to the other plugins, want all 30", got)
			}
			adapter.set(func(s *scripted) { s.gone, s.made = false, time.Time{} })
			scale(t, few)
			decides(t, s, "scored")
		})
	}
	part("a full node", func(t *testing.T) {
		full := &corev1.Pod{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "full"},
			Spec: corev1.PodSpec{NodeName: "node-0", Containers: []corev1.Container{{Name: "full", Image: "full",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("995")}}}}},
		}
		full.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("999950m")
		apply(t, full)
		before := map[string]bool{}
		for _, p := range pods(t, few) {
			before[p.Name] = true
		}
		for _, p := range scale(t, many) {
			if p.Spec.NodeName == "node-0" && !before[p.Name] {
				t.Errorf("pod %s is on the full node", p.Name)
			}
		}
	})
	part("a pod that is not managed", func(t *testing.T) {
		alone := &corev1.Pod{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "alone"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "alone", Image: "alone"}}},
		}
		before := s.decided(t, "unmanaged")
		apply(t, alone)
		eventually(t, "the pod runs", func(ctx context.Context) error {
			p, err := shared.client.CoreV1().Pods(shop).Get(ctx, "alone", metav1.GetOptions{})
			if err == nil && (p.Status.Phase != corev1.PodRunning || p.Spec.SchedulerName != name) {
				err = errNot
			}
			return err
		})
		if s.decided(t, "unmanaged") != before+1 {
			t.Error("the plugin did not leave the pod to the others")
		}
	})
}

func resize(t *testing.T, deployment string, n int) {
	t.Helper()
	_, err := shared.client.AppsV1().Deployments(shop).UpdateScale(t.Context(), deployment, &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: deployment}, Spec: autoscalingv1.ScaleSpec{Replicas: int32(n)},
	}, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// crossZones checks the share of calls that would cross zones under PreferSameZone, and that no
// node has more than half of a service.
func crossZones(t *testing.T, scene *lab.Scene, pods []corev1.Pod, most float64) {
	t.Helper()
	c := &lab.Cluster{Requests: scene.Cluster().Requests}
	nodes := map[string]int{}
	for i := range 9 {
		nodes[fmt.Sprintf("node-%d", i)] = i
		c.Zones = append(c.Zones, i%3)
	}
	for _, p := range pods {
		service := scene.Application.Service(p.Labels["app"])
		c.Pods = append(c.Pods, lab.Pod{Service: service, Node: nodes[p.Spec.NodeName]})
	}
	e := lab.Expect(c, &scene.Load)
	t.Logf("%.3f of the calls cross zones, %.3f stay on their node; the busiest zone is at %.2f", e.Share[simulation.OtherZone], e.Share[simulation.SameNode], e.Worst)
	if e.Share[simulation.OtherZone] > most {
		t.Errorf("%.3f of the calls cross zones, want at most %.2f", e.Share[simulation.OtherZone], most)
	}
	for node, counts := range c.Nodes() {
		for s, n := range counts {
			if n > 1 && 2*n > scene.Many[s] {
				t.Errorf("node %d has %d of %d pods of %s", node, n, scene.Many[s], scene.Application.Services[s].Name)
			}
		}
	}
}

package placement

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// Five fronts in zones of 3, 1 and 1: one of the three goes first. Once the order is right,
// nothing more is written, until pods come that change it.
func TestScaleInKeepsTheBalance(t *testing.T) {
	client := fake.NewClientset()
	indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	podStore, nodeStore := cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers), cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers)
	p, _ := newPlugin(&adapter{items: shop(noon, 5, 2)})
	s := &scaleIn{feed: p.feed, client: client, pods: corelisters.NewPodLister(podStore), nodes: corelisters.NewNodeLister(nodeStore)}
	add := func(i int, zone string) {
		pod := podOf("shop", "front")
		pod.Name, pod.UID, pod.Spec.NodeName = fmt.Sprint("front-", i), types.UID(fmt.Sprint(i)), "node-"+zone
		if _, err := client.CoreV1().Pods("shop").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := nodeStore.Add(newNode("node-"+zone, zone).object); err != nil {
			t.Fatal(err)
		}
	}
	list := func() []corev1.Pod {
		list, err := client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return list.Items
	}
	// update lets the listers see what is there, and returns the number of writes and the
	// node of the pod that the ReplicaSet controller would remove.
	update := func() (writes int, first string) {
		var objects []any
		for _, pod := range list() {
			objects = append(objects, &pod)
		}
		if err := podStore.Replace(objects, ""); err != nil {
			t.Fatal(err)
		}
		client.ClearActions()
		if err := s.update(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, a := range client.Actions() {
			if a.GetVerb() == "patch" {
				writes++
			}
		}
		least := 1
		for _, pod := range list() {
			cost := 0
			if text := pod.Annotations[corev1.PodDeletionCost]; text != "" {
				if _, err := fmt.Sscan(text, &cost); err != nil {
					t.Fatal(err)
				}
			}
			if cost < least {
				least, first = cost, pod.Spec.NodeName
			}
		}
		return writes, first
	}
	for i, zone := range []string{"a", "b", "a", "c", "a"} {
		add(i, zone)
	}
	if writes, _ := update(); writes != 0 {
		t.Errorf("%d writes before anything is known", writes)
	}
	schedule(t, p, podOf("shop", "front"))
	p.feed.refresh(t.Context())
	if writes, first := update(); writes == 0 || first != "node-a" {
		t.Errorf("%d writes, and a pod on %q would go, want one on node-a", writes, first)
	}
	if writes, _ := update(); writes != 0 {
		t.Errorf("%d writes while the order is right", writes)
	}
	for i := range 4 {
		add(10+i, "b")
	}
	if writes, first := update(); writes == 0 || first != "node-b" {
		t.Errorf("after four more in zone b: %d writes, and a pod on %q would go, want one on node-b", writes, first)
	}
}

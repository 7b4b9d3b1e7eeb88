package cluster

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestMain(m *testing.M) {
	// klog's flusher runs as long as the program.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"))
}

func pod(name, owner string, ready corev1.ConditionStatus) *corev1.Pod {
	controller := true
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", Labels: map[string]string{"pod-template-hash": "abc"}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
	if owner != "" {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: owner, Controller: &controller}}
	}
	return p
}

// Only ready pods of Deployments count, and those that are being deleted no more.
func TestReadyPodsByDeployment(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	leaving := pod("cart-4", "cart-abc", corev1.ConditionTrue)
	now := metav1.Now()
	leaving.DeletionTimestamp, leaving.Finalizers = &now, []string{"test/hold"}
	client := fake.NewClientset(
		pod("cart-2", "cart-abc", corev1.ConditionTrue), pod("cart-1", "cart-abc", corev1.ConditionTrue),
		pod("cart-3", "cart-abc", corev1.ConditionFalse), leaving,
		pod("front-1", "front-abc", corev1.ConditionTrue), pod("alone", "", corev1.ConditionTrue),
	)
	pods, err := Watch(ctx, client, "shop")
	if err != nil {
		t.Fatal(err)
	}
	defer pods.Close()
	expect := func(want map[string][]string) {
		t.Helper()
		for {
			diff := cmp.Diff(want, pods.Ready())
			if diff == "" {
				return
			}
			select {
			case <-pods.Changed():
			case <-ctx.Done():
				t.Fatalf("ready pods (-want +have):\n%s", diff)
			}
		}
	}
	expect(map[string][]string{"cart": {"cart-1", "cart-2"}, "front": {"front-1"}})
	if _, err := client.CoreV1().Pods("shop").UpdateStatus(ctx, pod("cart-3", "cart-abc", corev1.ConditionTrue), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	expect(map[string][]string{"cart": {"cart-1", "cart-2", "cart-3"}, "front": {"front-1"}})
	for _, name := range []string{"front-1", "cart-1"} {
		if err := client.CoreV1().Pods("shop").Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	expect(map[string][]string{"cart": {"cart-2", "cart-3"}})
}

package knowledge

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestServiceOf(t *testing.T) {
	owned := func(kind, name string, labels map[string]string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: labels,
			OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: name, Controller: new(true)}}}}
	}
	hash := map[string]string{"pod-template-hash": "6d4cf56db6"}
	for _, c := range []struct {
		pod  *corev1.Pod
		want string
	}{
		{owned("ReplicaSet", "cart-6d4cf56db6", hash), "shop/cart"},
		{owned("ReplicaSet", "cart-v2-6d4cf56db6", hash), "shop/cart-v2"},
		{owned("ReplicaSet", "rollout-77", map[string]string{rolloutHash: "77"}), "shop/rollout"},
		{owned("ReplicaSet", "alone", nil), "shop/alone"},
		{owned("ReplicaSet", "other-name", hash), "shop/other-name"},
		{owned("StatefulSet", "db", nil), "shop/db"},
		{owned("Job", "backup", nil), ""},
		{owned("DaemonSet", "agent", nil), ""},
		{&corev1.Pod{}, ""},
	} {
		got := ""
		if s, ok := ServiceOf(c.pod); ok {
			got = s.String()
		}
		if got != c.want {
			t.Errorf("pod of %v belongs to %q, want %q", c.pod.OwnerReferences, got, c.want)
		}
	}
}

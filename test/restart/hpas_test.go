package main

import (
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// An HPA counts as inactive from the first time that it is seen so until it is active again,
// however often its status is written meanwhile.
func TestWatchMeasuresOutages(t *testing.T) {
	w := &watch{since: map[string]time.Time{}, outages: map[string]time.Duration{}}
	began := time.Now()
	see := func(name string, active corev1.ConditionStatus, second int) {
		w.note(&autoscalingv2.HorizontalPodAutoscaler{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Status: autoscalingv2.HorizontalPodAutoscalerStatus{Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue}, {Type: autoscalingv2.ScalingActive, Status: active}}},
		}, began.Add(time.Duration(second)*time.Second))
	}
	for _, name := range []string{"a", "b", "c"} {
		see(name, corev1.ConditionTrue, 0)
	}
	w.forget()
	see("a", corev1.ConditionFalse, 1)
	see("a", corev1.ConditionFalse, 5)
	see("b", corev1.ConditionFalse, 2)
	if n := w.active(); n != 1 {
		t.Errorf("%d active, want 1", n)
	}
	see("a", corev1.ConditionTrue, 8)
	see("b", corev1.ConditionTrue, 5)
	see("b", corev1.ConditionTrue, 20)
	if n, longest := w.outage(); n != 2 || longest != 7*time.Second {
		t.Errorf("%d were inactive, the longest for %v, want 2 and 7s", n, longest)
	}
	if n := w.active(); n != 3 {
		t.Errorf("%d active, want all", n)
	}
}

package compare

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
)

// request is what every pod requests, in cores.
const request = 0.4

// addPod makes a pod that nothing schedules or runs.
func (p *puppet) addPod(ctx context.Context) error {
	p.born++
	name := fmt.Sprintf("%s-%d", p.name, p.born)
	pod, err := p.client.CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{label: p.name}, Finalizers: []string{group + "/held"}},
		Spec: corev1.PodSpec{
			SchedulerName: "nobody",
			Containers: []corev1.Container{{Name: "main", Image: "none", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("400m")},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	p.names = append(p.names, pod.Name)
	p.pods = append(p.pods, hpa.Pod{Phase: hpa.Pending, Request: request})
	return p.changePod(ctx, len(p.pods)-1)
}

// changePod gives a pod another state: mostly one that has long been ready.
func (p *puppet) changePod(ctx context.Context, i int) error {
	now := time.Now().Truncate(time.Second)
	r := p.random
	pod := hpa.Pod{Request: request, Deleting: p.pods[i].Deleting, Started: now.Add(-time.Duration(1+r.IntN(900)) * time.Second), Ready: r.IntN(3) > 0}
	// Ready since the start, for a while, or only now.
	pod.ReadySince = pod.Started.Add(time.Duration([]float64{0, 20, 40, now.Sub(pod.Started).Seconds()}[r.IntN(4)]) * time.Second)
	status := corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &metav1.Time{Time: pod.Started}}
	switch r.IntN(12) {
	case 0:
		pod.Phase, status.Phase = hpa.Pending, corev1.PodPending
	case 1:
		pod.Phase, status.Phase = hpa.Failed, corev1.PodFailed
	case 2:
		pod.Started, status.StartTime = time.Time{}, nil
	}
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.Time{Time: pod.ReadySince}}
	if pod.Ready {
		condition.Status = corev1.ConditionTrue
	}
	status.Conditions = []corev1.PodCondition{condition}
	old, err := p.client.CoreV1().Pods(namespace).Get(ctx, p.names[i], metav1.GetOptions{})
	if err != nil {
		return err
	}
	old.Status = status
	if _, err := p.client.CoreV1().Pods(namespace).UpdateStatus(ctx, old, metav1.UpdateOptions{}); err != nil {
		return err
	}
	p.pods[i] = pod
	return nil
}

// endPod deletes a pod, which its finalizer holds until it is released.
func (p *puppet) endPod(ctx context.Context, i int) error {
	pods := p.client.CoreV1().Pods(namespace)
	if !p.pods[i].Deleting {
		p.pods[i].Deleting = true
		return pods.Delete(ctx, p.names[i], metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	}
	if _, err := pods.Patch(ctx, p.names[i], "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	p.names, p.pods = slices.Delete(p.names, i, i+1), slices.Delete(p.pods, i, i+1)
	return nil
}

func (p *puppet) live() int {
	n := 0
	for _, pod := range p.pods {
		if !pod.Deleting {
			n++
		}
	}
	return n
}

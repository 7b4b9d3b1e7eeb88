// Package cluster follows the ready pods of a live cluster, by workload.
package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Pods follows the pods of one namespace.
type Pods struct {
	mu    sync.Mutex
	ready map[string]map[string]struct{} // workload → names of ready pods

	changed chan struct{}
	stop    func()
}

// Watch follows the pods of namespace until ctx ends. It returns when the
// present pods are listed.
func Watch(ctx context.Context, client kubernetes.Interface, namespace string) (*Pods, error) {
	p := &Pods{ready: make(map[string]map[string]struct{}), changed: make(chan struct{}, 1)}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace), informers.WithTransform(trim))
	informer := factory.Core().V1().Pods().Informer()
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { p.set(obj) },
		UpdateFunc: func(_, obj any) { p.set(obj) },
		DeleteFunc: p.remove,
	})
	if err != nil {
		return nil, fmt.Errorf("watch the pods of %s: %w", namespace, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	factory.Start(ctx.Done())
	p.stop = func() {
		cancel()
		factory.Shutdown()
	}
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		p.stop()
		return nil, fmt.Errorf("watch the pods of %s: %w", namespace, context.Cause(ctx))
	}
	return p, nil
}

// Close stops following and waits until all goroutines have ended.
func (p *Pods) Close() { p.stop() }

// Changed delivers a value after the set of ready pods has changed. Changes in
// quick succession may be delivered as one.
func (p *Pods) Changed() <-chan struct{} { return p.changed }

// Ready returns the sorted names of the ready pods of every workload that has
// any.
func (p *Pods) Ready() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := make(map[string][]string, len(p.ready))
	for workload, pods := range p.ready {
		for name := range pods {
			names[workload] = append(names[workload], name)
		}
		slices.Sort(names[workload])
	}
	return names
}

func (p *Pods) set(obj any) {
	if pod, ok := obj.(*corev1.Pod); ok {
		p.update(pod, serves(pod))
	}
}

func (p *Pods) remove(obj any) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	if pod, ok := obj.(*corev1.Pod); ok {
		p.update(pod, false)
	}
}

func (p *Pods) update(pod *corev1.Pod, ready bool) {
	workload, ok := owner(pod)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	pods := p.ready[workload]
	_, was := pods[pod.Name]
	switch {
	case ready == was:
		return
	case !ready:
		delete(pods, pod.Name)
		if len(pods) == 0 {
			delete(p.ready, workload)
		}
	case pods == nil:
		p.ready[workload] = map[string]struct{}{pod.Name: {}}
	default:
		pods[pod.Name] = struct{}{}
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// serves reports whether a Service would send requests to the pod.
func serves(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// owner returns the name of the Deployment a pod belongs to: that of its
// ReplicaSet without the hash of the pod template.
func owner(pod *corev1.Pod) (string, bool) {
	set := metav1.GetControllerOf(pod)
	if set == nil || set.Kind != "ReplicaSet" {
		return "", false
	}
	return strings.CutSuffix(set.Name, "-"+pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey])
}

// trim keeps only what owner and serves read, so that thousands of pods fit
// into little memory.
func trim(obj any) (any, error) {
	pod, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: pod.Labels, OwnerReferences: pod.OwnerReferences, DeletionTimestamp: pod.DeletionTimestamp,
		},
		Status: corev1.PodStatus{Conditions: pod.Status.Conditions},
	}, nil
}

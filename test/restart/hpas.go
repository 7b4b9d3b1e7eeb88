package main

import (
	"context"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watch has when each HPA was active.
type watch struct {
	stop context.CancelFunc

	mu sync.Mutex
	// since is when an HPA became inactive, zero while it is active.
	since map[string]time.Time
	// outages are the longest times without being active, by HPA, of those that were inactive.
	outages map[string]time.Duration
}

// follow begins to watch all HPAs.
func (b *bench) follow(ctx context.Context) (*watch, error) {
	w := &watch{since: map[string]time.Time{}, outages: map[string]time.Duration{}}
	ctx, w.stop = context.WithCancel(ctx)
	factory := informers.NewSharedInformerFactoryWithOptions(b.Client, 0, informers.WithNamespace(shop))
	informer := factory.Autoscaling().V2().HorizontalPodAutoscalers().Informer()
	note := func(o any) {
		if hpa, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok {
			w.note(hpa, time.Now())
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: note, UpdateFunc: func(_, o any) { note(o) }}); err != nil {
		return nil, err
	}
	factory.StartWithContext(ctx)
	return w, nil
}

func (w *watch) note(hpa *autoscalingv2.HorizontalPodAutoscaler, now time.Time) {
	active := false
	for _, c := range hpa.Status.Conditions {
		if c.Type == autoscalingv2.ScalingActive {
			active = c.Status == corev1.ConditionTrue
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	since, known := w.since[hpa.Name]
	switch {
	case active && known && !since.IsZero():
		w.outages[hpa.Name] = max(w.outages[hpa.Name], now.Sub(since))
		w.since[hpa.Name] = time.Time{}
	case active:
		w.since[hpa.Name] = time.Time{}
	case !known || since.IsZero():
		w.since[hpa.Name] = now
	}
}

// active returns how many HPAs are active.
func (w *watch) active() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, since := range w.since {
		if since.IsZero() {
			n++
		}
	}
	return n
}

// forget forgets earlier outages.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.outages)
}

// outage returns how many HPAs were inactive, and the longest time that one was.
func (w *watch) outage() (n int, longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.outages {
		longest = max(longest, d)
	}
	return len(w.outages), longest
}

// unscaled returns an error if a target was scaled.
func (b *bench) unscaled(ctx context.Context) error {
	list, err := b.objects.Resource(widgets).Namespace(shop).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return kept(list.Items)
}

package discovery

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	"k8s.io/client-go/tools/cache"
)

// settle is how long changes are collected before the autoscalers are resolved
// again. So a directory that is applied at once makes one change or a few.
const settle = 200 * time.Millisecond

// refresh is the time after which unchanged autoscalers are applied again, so
// that expiring reports about them are repeated.
const refresh = 10 * time.Minute

// Client is the part of a [k8s.io/client-go/kubernetes.Interface] that a
// [Watcher] needs.
type Client interface {
	AutoscalingV2() autoscalingv2client.AutoscalingV2Interface
}

// Watcher follows the autoscalers of a cluster.
type Watcher struct {
	consent   Consent
	informers []cache.SharedIndexInformer
	changed   chan struct{}
	synced    atomic.Bool
}

// NewWatcher returns a watcher of the given namespaces, or of all namespaces
// without any. It connects when it runs.
func NewWatcher(client Client, namespaces []string, c Consent) (*Watcher, error) {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	w := &Watcher{consent: c, changed: make(chan struct{}, 1)}
	for _, ns := range namespaces {
		informer, err := w.informer(client, ns)
		if err != nil {
			return nil, fmt.Errorf("watch horizontalpodautoscalers in namespace %q: %w", ns, err)
		}
		w.informers = append(w.informers, informer)
	}
	return w, nil
}

func (w *Watcher) informer(client Client, namespace string) (cache.SharedIndexInformer, error) {
	autoscalers := client.AutoscalingV2().HorizontalPodAutoscalers(namespace)
	informer := cache.NewSharedIndexInformerWithOptions(cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return autoscalers.List(ctx, o)
		},
		WatchFuncWithContext: autoscalers.Watch,
	}, client), &autoscalingv2.HorizontalPodAutoscaler{}, cache.SharedIndexInformerOptions{})
	if err := informer.SetTransform(trim); err != nil {
		return nil, err
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { w.Refresh() },
		UpdateFunc: func(before, after any) {
			// The controller writes the status of every autoscaler every few
			// seconds; only the number of pods in it matters here.
			if changed(before, after) {
				w.Refresh()
			}
		},
		DeleteFunc: func(any) { w.Refresh() },
	})
	return informer, err
}

// Run follows the autoscalers until ctx is done and passes a snapshot of them
// to apply: first when all are listed, then after every change and every ten
// minutes. Calls do not overlap.
func (w *Watcher) Run(ctx context.Context, apply func(Snapshot)) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, i := range w.informers {
		running.Go(func() { i.RunWithContext(ctx) })
	}
	for _, i := range w.informers {
		if !cache.WaitForCacheSync(ctx.Done(), i.HasSynced) {
			return
		}
	}
	apply(w.snapshot())
	w.synced.Store(true)

	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(refresh):
		case <-w.changed:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
			apply(w.snapshot())
		}
	}
}

// Synced reports whether the autoscalers have been listed and applied.
func (w *Watcher) Synced() bool { return w.synced.Load() }

// Refresh has the autoscalers applied again soon, although none has changed.
func (w *Watcher) Refresh() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *Watcher) snapshot() Snapshot {
	var all []*autoscalingv2.HorizontalPodAutoscaler
	for _, i := range w.informers {
		for _, o := range i.GetStore().List() {
			if hpa, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok {
				all = append(all, hpa)
			}
		}
	}
	return Resolve(all, w.consent)
}

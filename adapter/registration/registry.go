// Package registration follows where the metrics APIs of the cluster lead. It makes the API
// aggregator trust the adapter where they lead to it. An APIService that names another Service
// is never written, so two servers of one API do not fight.
package registration

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// Options say whose registrations are followed.
type Options struct {
	// Config connects to the API server. It needs the rights to get, list and watch the
	// APIServices of [Names], and to update those that lead to Service.
	Config *rest.Config
	// Service is the one of this adapter.
	Service types.NamespacedName
	// Serves are the ways that this adapter serves.
	Serves []discovery.Way
	// Recorder records on an APIService where it leads.
	Recorder record.EventRecorder
}

// groups are the API groups of the ways, with the versions that are served.
var groups = map[discovery.Way][]schema.GroupVersion{
	discovery.External: {{Group: "external.metrics.k8s.io", Version: "v1beta1"}},
	discovery.Object:   {{Group: "custom.metrics.k8s.io", Version: "v1beta2"}, {Group: "custom.metrics.k8s.io", Version: "v1beta1"}},
}

// Names returns the names of the APIServices of a way.
func Names(w discovery.Way) []string {
	var names []string
	for _, v := range groups[w] {
		names = append(names, v.Version+"."+v.Group)
	}
	return names
}

// Registry follows the APIServices of the metrics APIs.
type Registry struct {
	service  types.NamespacedName
	serves   []discovery.Way
	client   dynamic.ResourceInterface
	recorder record.EventRecorder
	// informers are by the name of the APIService. Each watches one by its name, so
	// RBAC need not allow more.
	informers map[string]cache.SharedIndexInformer
	wake      chan struct{} // an APIService has changed

	mu        sync.Mutex
	listeners []func()
}

// New returns a registry. It connects when it runs.
func New(o Options) (*Registry, error) {
	client, err := dynamic.NewForConfig(o.Config)
	if err != nil {
		return nil, fmt.Errorf("create the client of APIServices: %w", err)
	}
	r := &Registry{
		service: o.Service, serves: o.Serves, recorder: o.Recorder,
		client:    client.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}),
		informers: map[string]cache.SharedIndexInformer{},
		wake:      make(chan struct{}, 1),
	}
	changed := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { r.changed() },
		UpdateFunc: func(any, any) { r.changed() },
		DeleteFunc: func(any) { r.changed() },
	}
	for way := range groups {
		for _, name := range Names(way) {
			r.informers[name] = r.informer(name)
			if _, err := r.informers[name].AddEventHandler(changed); err != nil {
				return nil, fmt.Errorf("watch APIService %s: %w", name, err)
			}
		}
	}
	return r, nil
}

func (r *Registry) informer(name string) cache.SharedIndexInformer {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return cache.NewSharedIndexInformerWithOptions(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return r.client.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return r.client.Watch(ctx, o)
		},
	}, &unstructured.Unstructured{}, cache.SharedIndexInformerOptions{})
}

// OnChange calls f after every change of an APIService. f must not block.
func (r *Registry) OnChange(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, f)
}

func (r *Registry) changed() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run follows the APIServices until ctx is done. At the start and after every change
// it logs who owns which API.
func (r *Registry) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, i := range r.informers {
		running.Go(func() { i.RunWithContext(ctx) })
	}
	if !r.wait(ctx) {
		return
	}
	var last map[string]owner
	for {
		if now := r.owners(); !maps.Equal(last, now) {
			r.report(ctx, last, now)
			last = now
		}
		r.mu.Lock()
		listeners := slices.Clone(r.listeners)
		r.mu.Unlock()
		for _, f := range listeners {
			f()
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
	}
}

// wait returns when all APIServices that exist are known, or false when ctx is done.
func (r *Registry) wait(ctx context.Context) bool {
	for _, i := range r.informers {
		if !cache.WaitForCacheSync(ctx.Done(), i.HasSynced) {
			return false
		}
	}
	return true
}

// Inject makes the API aggregator trust the authorities for every API that this
// adapter serves and that leads to it. Others are left alone. If an APIService does not
// exist yet, its creation calls the listeners.
func (r *Registry) Inject(ctx context.Context, caBundle []byte) error {
	bundle := base64.StdEncoding.EncodeToString(caBundle)
	var errs []error
	for _, way := range r.serves {
		for _, name := range Names(way) {
			service := r.current(name)
			if service == nil || ownerOf(service) != owner(r.service) {
				continue
			}
			if found, _, _ := unstructured.NestedString(service.Object, "spec", "caBundle"); found == bundle {
				continue
			}
			service = service.DeepCopy()
			err := unstructured.SetNestedField(service.Object, bundle, "spec", "caBundle")
			if err == nil {
				_, err = r.client.Update(ctx, service, metav1.UpdateOptions{})
			}
			// After a conflict, the change of the other replica calls the listeners.
			if err != nil && !apierrors.IsConflict(err) {
				errs = append(errs, fmt.Errorf("set the caBundle of APIService %s: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// current returns an APIService as it was last seen, nil when there is none.
func (r *Registry) current(name string) *unstructured.Unstructured {
	for _, o := range r.informers[name].GetStore().List() {
		if service, ok := o.(*unstructured.Unstructured); ok {
			return service
		}
	}
	return nil
}

// report logs who owns which API, and records it on those that have changed.
func (r *Registry) report(ctx context.Context, last, now map[string]owner) {
	var values []any
	for _, name := range slices.Sorted(maps.Keys(r.informers)) {
		o := now[name]
		values = append(values, name, r.describe(o))
		if o == (owner{}) || o == last[name] {
			continue
		}
		if o == owner(r.service) {
			r.recorder.Eventf(r.current(name), corev1.EventTypeNormal, "ServedByDeepScaler", "DeepScaler (Service %s) serves %s", r.service, name)
		} else {
			r.recorder.Eventf(r.current(name), corev1.EventTypeNormal, "ServedElsewhere",
				"Service %s serves %s, and DeepScaler (Service %s) leaves it alone", types.NamespacedName(o), name, r.service)
		}
	}
	klog.FromContext(ctx).Info("Who owns the metrics APIs", values...)
}

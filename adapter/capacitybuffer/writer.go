package capacitybuffer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
)

// Leader elects the replica that writes.
type Leader interface {
	Run(ctx context.Context, changed func())
	Leads() bool
}

// Observer observes a [Writer].
type Observer interface {
	// Buffered is called after every pass with the pods of each buffer that exists; none
	// while another replica leads.
	Buffered(pods map[types.NamespacedName]int)
	// BufferWritten is called after each request that was to change a buffer.
	BufferWritten(err error)
}

// Options are the dependencies and settings of a [Writer].
type Options struct {
	Client dynamic.Interface
	// Namespaces are those to write in; none means all.
	Namespaces []string
	Leader     Leader
	// Applications returns the applications that are planned now.
	Applications func() []discovery.Application
	// Last returns what the last plan of an application was made from; nil before the first.
	Last func(application string) *tick.Basis
	// Step is the time between two plans, and between two passes.
	Step     time.Duration
	Clock    clock.WithTicker
	Observer Observer
}

// Writer keeps the CapacityBuffers of all applications while it leads.
type Writer struct {
	Options
	// led is when this replica began to lead; zero while it does not.
	led time.Time
	// problem is the last logged one.
	problem string
}

// New returns a writer that has written nothing yet.
func New(o Options) *Writer {
	if len(o.Namespaces) == 0 {
		o.Namespaces = []string{metav1.NamespaceAll}
	}
	return &Writer{Options: o}
}

// Run writes once per step until ctx is done. The buffers stay, since the next leader
// goes on with them.
func (w *Writer) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { w.Leader.Run(ctx, func() {}) })
	ticker := w.Clock.NewTicker(w.Step)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			w.log(ctx, w.turn(ctx))
		}
	}
}

// log reports a problem when it comes and when it goes.
func (w *Writer) log(ctx context.Context, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == w.problem {
		return
	}
	w.problem = text
	if err == nil {
		klog.FromContext(ctx).Info("CapacityBuffers are written again")
		return
	}
	klog.FromContext(ctx).Info("Cannot write CapacityBuffers; scaling goes on without nodes in advance", "err", err)
}

// turn is one pass over all buffers. It goes on after an error.
func (w *Writer) turn(ctx context.Context) error {
	if !w.Leader.Leads() {
		w.led = time.Time{}
		w.Observer.Buffered(nil)
		return nil
	}
	if w.led.IsZero() {
		w.led = w.Clock.Now()
	}
	present, err := w.list(ctx)
	if err != nil {
		return err
	}
	pods := map[types.NamespacedName]int{}
	var errs []error
	keep := func(object *unstructured.Unstructured, name types.NamespacedName, b *buffer) {
		delete(present, name)
		if err := w.write(ctx, object, b); err != nil {
			errs = append(errs, fmt.Errorf("CapacityBuffer %s: %w", name, err))
			return
		}
		pods[name] = int(b.Spec.Replicas)
	}
	for _, a := range w.Applications() {
		want, known := w.want(ctx, a)
		for _, s := range a.Services {
			name := nameOf(s)
			object := present[name]
			switch replicas, wanted := want[name]; {
			case !known:
				delete(present, name)
			case wanted && (object != nil || replicas > 0):
				keep(object, name, bufferFor(s, replicas))
			}
		}
	}
	for name, object := range present {
		if err := w.remove(ctx, object); err != nil {
			errs = append(errs, fmt.Errorf("CapacityBuffer %s: %w", name, err))
		}
	}
	w.Observer.Buffered(pods)
	return errors.Join(errs...)
}

// want returns the pods of the buffers of an application, empty if it is to have none, and
// whether that is known already. Nothing is wanted by stale data.
func (w *Writer) want(ctx context.Context, a discovery.Application) (want map[types.NamespacedName]int, known bool) {
	b, now := w.Last(a.Name), w.Clock.Now()
	if b != nil && b.Model.Ahead == nil {
		return nil, true
	}
	want = map[types.NamespacedName]int{}
	for _, s := range a.Services {
		want[nameOf(s)] = 0
	}
	if b == nil {
		// The first plan is about to come.
		return want, now.Sub(w.led) > 2*w.Step
	}
	if age := now.Sub(b.Plan.Made()); age > 2*w.Step || age < -2*w.Step {
		return want, true
	}
	lack, err := lacking(ctx, b, a.Services)
	if err != nil {
		return want, true // as for any service without a forecast
	}
	for _, s := range a.Services {
		want[nameOf(s)] = lack[s.Service]
	}
	return want, true
}

// list returns the buffers that the adapter manages.
func (w *Writer) list(ctx context.Context) (map[types.NamespacedName]*unstructured.Unstructured, error) {
	present := map[types.NamespacedName]*unstructured.Unstructured{}
	for _, namespace := range w.Namespaces {
		list, err := w.Client.Resource(Resource()).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: managedByLabel + "=" + manager})
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("the cluster has no %s %s: install Cluster Autoscaler's or Karpenter's custom resource definitions, or stop the adapter's writing: %w",
				Resource().GroupResource(), Resource().Version, err)
		}
		if err != nil {
			return nil, fmt.Errorf("list the CapacityBuffers: %w", err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			present[types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}] = o
		}
	}
	return present, nil
}

// write creates a buffer or changes the present object into it, if it differs.
func (w *Writer) write(ctx context.Context, present *unstructured.Unstructured, b *buffer) error {
	if present != nil && b.is(present) {
		return nil
	}
	client := w.Client.Resource(Resource()).Namespace(b.Metadata.Namespace)
	err := func() error {
		if present == nil {
			object, err := b.object()
			if err == nil {
				_, err = client.Create(ctx, object, metav1.CreateOptions{FieldManager: manager})
			}
			return err
		}
		patch, err := b.patch(present)
		if err == nil {
			_, err = client.Patch(ctx, b.Metadata.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager})
		}
		return err
	}()
	w.Observer.BufferWritten(err)
	return err
}

// remove deletes a buffer. One that is gone already needs no deletion.
func (w *Writer) remove(ctx context.Context, object *unstructured.Unstructured) error {
	err := w.Client.Resource(Resource()).Namespace(object.GetNamespace()).
		Delete(ctx, object.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: new(object.GetUID())}})
	if apierrors.IsNotFound(err) {
		err = nil
	}
	w.Observer.BufferWritten(err)
	return err
}

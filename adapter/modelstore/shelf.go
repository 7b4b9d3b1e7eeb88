package modelstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// shelf stores published models for all replicas.
type shelf interface {
	// run follows the published models until ctx is done, and calls changed after
	// every change.
	run(ctx context.Context, changed func())
	// synced reports whether the published models are listed.
	synced() bool
	// offers returns the valid offers, and errors about the others.
	offers() ([]offer, []error)
	// model reads the content of an offer. An error that wraps errUnavailable is
	// not about the model.
	model(ctx context.Context, o offer) (*artifact.Model, error)
	// publish and remove change the shelf for all replicas. publish names the
	// offer. An error of publish that wraps errTooLarge is about the model; others
	// are transient.
	publish(ctx context.Context, o offer, m *artifact.Model, r *exchange.Report) error
	remove(ctx context.Context, o offer) error
}

// rescheduler is a shelf whose models users can pin.
type rescheduler interface {
	// reschedule replaces the times from which a published model serves.
	reschedule(ctx context.Context, o offer) error
}

// errUnavailable is wrapped by an error that is not about a model.
var errUnavailable = errors.New("the model cannot be read now")

// configMaps is the shelf of ConfigMaps in one namespace. It caches only their
// metadata and reads a model to load it.
type configMaps struct {
	client   corev1client.ConfigMapInterface
	limits   artifact.Limits
	informer cache.SharedIndexInformer
}

var (
	_ shelf       = (*configMaps)(nil)
	_ rescheduler = (*configMaps)(nil)
)

func newConfigMaps(client corev1client.ConfigMapInterface, limits artifact.Limits) (*configMaps, error) {
	informer := cache.NewSharedIndexInformerWithOptions(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = modelLabel
			return client.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = modelLabel
			return client.Watch(ctx, o)
		},
	}, &corev1.ConfigMap{}, cache.SharedIndexInformerOptions{})
	if err := informer.SetTransform(withoutContent); err != nil {
		return nil, fmt.Errorf("watch the ConfigMaps of models: %w", err)
	}
	return &configMaps{client: client, limits: limits, informer: informer}, nil
}

func withoutContent(o any) (any, error) {
	if c, ok := o.(*corev1.ConfigMap); ok {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: c.Name, UID: c.UID, ResourceVersion: c.ResourceVersion,
			Labels: c.Labels, Annotations: c.Annotations,
		}}, nil
	}
	return o, nil
}

func (s *configMaps) run(ctx context.Context, changed func()) {
	registration, err := s.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { changed() },
		UpdateFunc: func(any, any) { changed() },
		DeleteFunc: func(any) { changed() },
	})
	if err == nil {
		defer s.informer.RemoveEventHandler(registration) //nolint:errcheck // the informer ends with it
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() {
		// Without any ConfigMap, nothing else calls it.
		if cache.WaitForCacheSync(ctx.Done(), s.informer.HasSynced) {
			changed()
		}
	})
	s.informer.RunWithContext(ctx)
}

func (s *configMaps) synced() bool { return s.informer.HasSynced() }

func (s *configMaps) offers() (found []offer, problems []error) {
	for _, object := range s.informer.GetStore().List() {
		c, ok := object.(*corev1.ConfigMap)
		if !ok {
			continue
		}
		o, err := offerOf(c)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		found = append(found, o)
	}
	return found, problems
}

func (s *configMaps) model(ctx context.Context, o offer) (*artifact.Model, error) {
	c, err := s.client.Get(ctx, o.name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return modelOf(c, s.limits)
}

func (s *configMaps) publish(ctx context.Context, o offer, m *artifact.Model, r *exchange.Report) error {
	o.name = configMapName(o.application, o.hash)
	c, err := configMapOf(o, m, r)
	if err != nil {
		return err
	}
	_, err = s.client.Create(ctx, c, metav1.CreateOptions{})
	return err
}

func (s *configMaps) remove(ctx context.Context, o offer) error {
	return s.client.Delete(ctx, o.name, metav1.DeleteOptions{})
}

func (s *configMaps) reschedule(ctx context.Context, o offer) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{fromAnnotation: formatTimes(o.from)}}})
	if err != nil {
		return err
	}
	_, err = s.client.Patch(ctx, o.name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

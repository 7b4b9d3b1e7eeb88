package certs

import (
	"context"
	"encoding/base64"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// objects are the Secret and the APIService as they were last seen. Both are
// watched by name, so RBAC need not allow more, and are written with optimistic
// locking: of replicas that start at the same time, one creates the certificate
// and the others read it.
type objects struct {
	secrets     corev1client.SecretInterface
	apiServices dynamic.ResourceInterface

	secret, apiService cache.SharedIndexInformer
}

func newObjects(o Options) (*objects, error) {
	h, err := rest.HTTPClientFor(o.Config)
	if err != nil {
		return nil, err
	}
	core, err := corev1client.NewForConfigAndClient(o.Config, h)
	if err != nil {
		return nil, err
	}
	dyn, err := dynamic.NewForConfigAndClient(o.Config, h)
	if err != nil {
		return nil, err
	}
	s := &objects{
		secrets:     core.Secrets(o.Secret.Namespace),
		apiServices: dyn.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}),
	}
	s.secret = informer(o.Secret.Name, &corev1.Secret{}, s.secrets.Watch, func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return s.secrets.List(ctx, o)
	})
	s.apiService = informer(o.APIService, &unstructured.Unstructured{}, s.apiServices.Watch, func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return s.apiServices.List(ctx, o)
	})
	return s, nil
}

// informer follows the object of one name.
func informer(name string, example runtime.Object,
	watches func(context.Context, metav1.ListOptions) (watch.Interface, error),
	lists func(context.Context, metav1.ListOptions) (runtime.Object, error),
) cache.SharedIndexInformer {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return cache.NewSharedIndexInformerWithOptions(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return lists(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return watches(ctx, o)
		},
	}, example, cache.SharedIndexInformerOptions{})
}

// current returns the Secret as it was last seen, nil when there is none.
func (s *objects) current() *corev1.Secret {
	for _, o := range s.secret.GetStore().List() {
		if secret, ok := o.(*corev1.Secret); ok {
			return secret
		}
	}
	return nil
}

// inject makes the API aggregator trust the authorities. If the APIService does
// not exist yet, its creation wakes the manager.
func (s *objects) inject(ctx context.Context, caCert []byte) error {
	bundle := base64.StdEncoding.EncodeToString(caCert)
	for _, o := range s.apiService.GetStore().List() {
		service, ok := o.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		if found, _, _ := unstructured.NestedString(service.Object, "spec", "caBundle"); found == bundle {
			continue
		}
		service = service.DeepCopy()
		err := unstructured.SetNestedField(service.Object, bundle, "spec", "caBundle")
		if err == nil {
			_, err = s.apiServices.Update(ctx, service, metav1.UpdateOptions{})
		}
		// After a conflict, the change of the other replica wakes the manager.
		if err != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("set the caBundle of APIService %s: %w", service.GetName(), err)
		}
	}
	return nil
}

package certs

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
)

// objects are the Secret as it was last seen. It is watched by name, so RBAC need
// not allow more, and written with optimistic locking: of replicas that start at the
// same time, one creates the certificate and the others read it.
type objects struct {
	secrets corev1client.SecretInterface
	secret  cache.SharedIndexInformer
}

func newObjects(o Options) (*objects, error) {
	core, err := corev1client.NewForConfig(o.Config)
	if err != nil {
		return nil, err
	}
	s := &objects{secrets: core.Secrets(o.Secret.Namespace)}
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, o.Secret.Name).String()
	s.secret = cache.NewSharedIndexInformerWithOptions(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return s.secrets.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return s.secrets.Watch(ctx, o)
		},
	}, &corev1.Secret{}, cache.SharedIndexInformerOptions{})
	return s, nil
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

package registration

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// API is a version of a metrics API at one moment.
type API struct {
	// Name is that of its APIService.
	Name string
	// Way is how autoscalers read from it.
	Way discovery.Way
	// Service is what serves it; zero when nobody registered it.
	Service types.NamespacedName
	// Ours reports whether it belongs to an installation of DeepScaler.
	Ours bool
	// Available reports whether the aggregator reaches the Service, and Reason why not.
	Available bool
	Reason    string
}

// Lookup returns the versions of the metrics APIs, those of External first. The caller
// needs the right to get APIServices.
func Lookup(ctx context.Context, client dynamic.Interface) ([]API, error) {
	services := client.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
	var found []API
	for _, way := range []discovery.Way{discovery.External, discovery.Object} {
		for _, name := range Names(way) {
			a := API{Name: name, Way: way}
			service, err := services.Get(ctx, name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
			case err != nil:
				return nil, fmt.Errorf("read APIService %s: %w", name, err)
			default:
				a.Service = types.NamespacedName(ownerOf(service))
				a.Ours = service.GetLabels()[partOf] == deepScaler
				a.Available, a.Reason = available(service)
			}
			found = append(found, a)
		}
	}
	return found, nil
}

// available returns the condition of that name, and its message.
func available(service *unstructured.Unstructured) (ok bool, reason string) {
	conditions, _, _ := unstructured.NestedSlice(service.Object, "status", "conditions")
	for _, c := range conditions {
		condition, isMap := c.(map[string]any)
		if !isMap || condition["type"] != "Available" {
			continue
		}
		reason, _ = condition["message"].(string)
		return condition["status"] == "True", reason
	}
	return false, "the API server has not tried it yet"
}

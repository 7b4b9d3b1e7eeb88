package registration

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// partOf is the label of everything that belongs to an installation of DeepScaler.
const partOf, deepScaler = "app.kubernetes.io/part-of", "deepscaler"

// owner is the Service to which an API leads; zero when nobody registered it.
type owner types.NamespacedName

func ownerOf(service *unstructured.Unstructured) owner {
	namespace, _, _ := unstructured.NestedString(service.Object, "spec", "service", "namespace")
	name, _, _ := unstructured.NestedString(service.Object, "spec", "service", "name")
	return owner{Namespace: namespace, Name: name}
}

// owners returns the owners of the APIServices that exist, by name.
func (r *Registry) owners() map[string]owner {
	owners := map[string]owner{}
	for name := range r.informers {
		if service := r.current(name); service != nil {
			owners[name] = ownerOf(service)
		}
	}
	return owners
}

func (r *Registry) describe(o owner) string {
	switch o {
	case owner{}:
		return "nobody"
	case owner(r.service):
		return "this DeepScaler"
	}
	return types.NamespacedName(o).String()
}

// Elsewhere returns the ways that do not lead to a DeepScaler, each with the reason. It
// returns nil until the APIServices are known.
func (r *Registry) Elsewhere() map[discovery.Way]string {
	for _, i := range r.informers {
		if !i.HasSynced() {
			return nil
		}
	}
	elsewhere := map[discovery.Way]string{}
	for way := range groups {
		if reason := r.elsewhere(way); reason != "" {
			elsewhere[way] = reason
		}
	}
	return elsewhere
}

// elsewhere returns why a way does not lead to a DeepScaler, "" if it does. Another
// installation counts: it reports what is wrong with its own APIs.
func (r *Registry) elsewhere(way discovery.Way) string {
	group := groups[way][0].Group
	var others []string
	for _, name := range Names(way) {
		service := r.current(name)
		switch {
		case service == nil:
		case ownerOf(service) == owner(r.service):
			if !slices.Contains(r.serves, way) {
				return fmt.Sprintf("apis in the configuration of DeepScaler excludes %s", group)
			}
			return ""
		case service.GetLabels()[partOf] == deepScaler:
			return ""
		default:
			others = append(others, r.describe(ownerOf(service)))
		}
	}
	if len(others) == 0 {
		return "nobody registered " + group
	}
	return fmt.Sprintf("%s belongs to %s", group, strings.Join(slices.Compact(others), " and "))
}

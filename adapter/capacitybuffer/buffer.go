package capacitybuffer

import (
	"encoding/json"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// Resource returns that of the custom resource.
func Resource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "autoscaling.x-k8s.io", Version: "v1beta1", Resource: "capacitybuffers"}
}

// What marks a buffer as written by the adapter, which changes and deletes no others.
const (
	managedByLabel = "app.kubernetes.io/managed-by"
	manager        = "deepscaler"
)

// buffer is the part of a CapacityBuffer that the adapter writes. Other fields, such as
// spec.limits, are left to their writers.
type buffer struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metadata `json:"metadata"`
	Spec            spec     `json:"spec"`
}

type metadata struct {
	Namespace       string                  `json:"namespace,omitempty"`
	Name            string                  `json:"name,omitempty"`
	UID             types.UID               `json:"uid,omitempty"`
	Labels          map[string]string       `json:"labels,omitempty"`
	OwnerReferences []metav1.OwnerReference `json:"ownerReferences,omitempty"`
}

type spec struct {
	ScalableRef scalableRef `json:"scalableRef"`
	// Replicas are the pods for which there is to be room, beside those that exist.
	Replicas int32 `json:"replicas"`
}

type scalableRef struct {
	APIGroup string `json:"apiGroup,omitempty"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

// nameOf returns the name of the buffer of a service, which nobody else is likely to take.
func nameOf(s discovery.Service) types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: manager + "-" + s.Name}
}

// bufferFor returns the buffer of a service. Its autoscaler owns it, so it goes with the
// autoscaler even if no adapter is left.
func bufferFor(s discovery.Service, replicas int) *buffer {
	group, err := schema.ParseGroupVersion(s.Target.APIVersion)
	if err != nil {
		group = schema.GroupVersion{} // the API server refuses a workload that cannot be found
	}
	name := nameOf(s)
	return &buffer{
		TypeMeta: metav1.TypeMeta{APIVersion: Resource().GroupVersion().String(), Kind: "CapacityBuffer"},
		Metadata: metadata{
			Namespace: name.Namespace, Name: name.Name,
			Labels: map[string]string{managedByLabel: manager, "deepscaler.io/application": s.Application},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: autoscalingv2.SchemeGroupVersion.String(), Kind: "HorizontalPodAutoscaler", Name: s.Autoscaler.Name, UID: s.Autoscaler.UID,
			}},
		},
		Spec: spec{scalableRef{group.Group, s.Target.Kind, s.Target.Name}, int32(replicas)},
	}
}

// is reports whether an object has everything that the buffer has.
func (b *buffer) is(object *unstructured.Unstructured) bool {
	var got buffer
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &got); err != nil {
		return false
	}
	for key, value := range b.Metadata.Labels {
		if got.Metadata.Labels[key] != value {
			return false
		}
	}
	return got.Spec == b.Spec &&
		equality.Semantic.DeepEqual(got.Metadata.OwnerReferences, b.Metadata.OwnerReferences)
}

// object returns the buffer to create.
func (b *buffer) object() (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(b)
	return &unstructured.Unstructured{Object: content}, err
}

// patch returns what makes an object the buffer. A new object may have taken the name.
func (b *buffer) patch(object *unstructured.Unstructured) ([]byte, error) {
	p := *b
	p.Metadata.Namespace, p.Metadata.Name, p.Metadata.UID = "", "", object.GetUID()
	return json.Marshal(p)
}

package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// The names that manifests/base gives the adapter.
const (
	systemNamespace = "deepscaler-system"
	adapterName     = "deepscaler-adapter"
	certificates    = "deepscaler-adapter-certificate"
)

// install applies manifests/base as a user would, with two changes: there are no
// containers, so the adapter's Deployment is left out and its Service leads to the
// program at port on this host.
func (s *Stack) install(ctx context.Context, port int) error {
	rendered, err := s.Kubectl(ctx, nil, "kustomize", "manifests/base")
	if err != nil {
		return fmt.Errorf("render the manifests: %w", err)
	}
	objects, err := decode(rendered)
	if err != nil {
		return fmt.Errorf("render the manifests: %w", err)
	}
	var list bytes.Buffer
	for _, object := range objects {
		switch object.GetKind() {
		case "Deployment", "PodDisruptionBudget", "NetworkPolicy":
			continue
		case "Service":
			loopback := controlplane.LoopbackService(object.GetNamespace(), object.GetName())
			if err := json.NewEncoder(&list).Encode(loopback); err != nil {
				return err
			}
			continue
		case "APIService":
			if err := unstructured.SetNestedField(object.Object, int64(port), "spec", "service", "port"); err != nil {
				return fmt.Errorf("point the APIService at port %d: %w", port, err)
			}
		}
		if err := json.NewEncoder(&list).Encode(object); err != nil {
			return err
		}
	}
	if _, err := s.Kubectl(ctx, list.Bytes(), "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return fmt.Errorf("apply the manifests: %w", err)
	}
	return nil
}

func decode(documents []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(documents), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := new(unstructured.Unstructured)
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, err
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

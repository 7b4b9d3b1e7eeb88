package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
)

// The names that manifests/base gives the adapter.
const (
	systemNamespace = "deepscaler-system"
	adapterName     = "deepscaler-adapter"
	certificates    = "deepscaler-adapter-certificate"
)

// install applies a kustomization of the adapter as a user would, with two changes: there are no
// containers, so the adapter's Deployment is left out and its Service leads to the
// program at port on this host.
func (s *Stack) install(ctx context.Context, kustomization string, port int) error {
	rendered, err := manifests.Render(ctx, s.Cluster.Binary(controlplane.Kubectl), filepath.Join(s.Programs.Root, "manifests", kustomization))
	if err != nil {
		return err
	}
	objects, err := manifests.Decode(rendered)
	if err != nil {
		return fmt.Errorf("read the rendered manifests: %w", err)
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

package stack

import (
	"bytes"
	"context"
	"encoding/base64"
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
	return s.apply(ctx, filepath.Join(s.Programs.Root, "manifests", kustomization), port, nil)
}

// apply applies the kustomization in a folder with the changes of install. A bundle,
// unless nil, verifies the program at port, which does not inject one itself.
func (s *Stack) apply(ctx context.Context, folder string, port int, bundle []byte) error {
	rendered, err := manifests.Render(ctx, s.Cluster.Binary(controlplane.Kubectl), folder)
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
		case "Deployment", "PodDisruptionBudget", "NetworkPolicy", "ValidatingWebhookConfiguration":
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
			if bundle != nil {
				if err := unstructured.SetNestedField(object.Object, base64.StdEncoding.EncodeToString(bundle), "spec", "caBundle"); err != nil {
					return fmt.Errorf("set the caBundle of the APIService: %w", err)
				}
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

package manifests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
)

const (
	root = "../../.."
	// patience bounds every wait. Load on the machine may use it up; nothing that
	// works needs it.
	patience = 3 * time.Minute
)

// site is a real control plane with the custom resource definitions that the
// manifests use.
type site struct {
	cluster *controlplane.Cluster
	client  kubernetes.Interface
}

// logLines writes progress to the test's log.
type logLines struct{ t *testing.T }

func (l logLines) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func startSite(t *testing.T) *site {
	t.Helper()
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{
		Nodes: 2, Progress: logLines{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	client, err := kubernetes.NewForConfig(cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{cluster: cluster, client: client}
	crds := []string{
		filepath.Join(moduleDir(t, "github.com/cert-manager/cert-manager"), "deploy/crds/cert-manager.io_certificates.yaml"),
		filepath.Join(moduleDir(t, "github.com/cert-manager/cert-manager"), "deploy/crds/cert-manager.io_issuers.yaml"),
		filepath.Join(moduleDir(t, "github.com/prometheus-operator/prometheus-operator"), "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"),
		filepath.Join(moduleDir(t, "github.com/prometheus-operator/prometheus-operator"), "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"),
		// The definition is that of SIG Autoscaling, of which Karpenter has a copy in its module.
		filepath.Join(moduleDir(t, "sigs.k8s.io/karpenter"), "pkg/apis/crds/autoscaling.x-k8s.io_capacitybuffers.yaml"),
	}
	for _, kind := range []string{"scaledobjects", "triggerauthentications"} {
		crds = append(crds, filepath.Join(moduleDir(t, "github.com/kedacore/keda/v2"), "config/crd/bases/keda.sh_"+kind+".yaml"))
	}
	args := []string{"--server-side"}
	for _, file := range crds {
		args = append(args, "-f", file)
	}
	s.mustKubectl(t, nil, append([]string{"apply"}, args...)...)
	s.mustKubectl(t, nil, "wait", "--for=condition=Established", "--timeout="+patience.String(), "crd", "--all")
	return s
}

// moduleDir returns where the module proxy's copy of a module is that
// hack/verify/crds pins.
func moduleDir(t *testing.T, path string) string {
	t.Helper()
	run := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = filepath.Join(root, "hack/verify/crds")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
		}
		return out
	}
	var pins struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(run("mod", "edit", "-json"), &pins); err != nil {
		t.Fatal(err)
	}
	for _, pin := range pins.Require {
		if pin.Path != path {
			continue
		}
		var module struct{ Dir string }
		if err := json.Unmarshal(run("mod", "download", "-json", pin.Path+"@"+pin.Version), &module); err != nil {
			t.Fatal(err)
		}
		return module.Dir
	}
	t.Fatalf("hack/verify/crds/go.mod does not pin %s", path)
	return ""
}

// kubectl returns what it wrote to both streams, because warnings go to stderr.
func (s *site) kubectl(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.cluster.Binary(controlplane.Kubectl), append([]string{"--kubeconfig", s.cluster.Kubeconfig()}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (s *site) mustKubectl(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	out, err := s.kubectl(t.Context(), stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *site) render(t *testing.T, dir string) (stream []byte, objects []*unstructured.Unstructured) {
	t.Helper()
	stream, err := manifests.Render(t.Context(), s.cluster.Binary(controlplane.Kubectl), filepath.Join(root, "manifests", dir))
	if err != nil {
		t.Fatal(err)
	}
	if objects, err = manifests.Decode(stream); err != nil {
		t.Fatal(err)
	}
	return stream, objects
}

// dryRun has the API server check and admit a stream without storing it. An
// error or a warning means that it is not good.
func (s *site) dryRun(ctx context.Context, stream []byte) error {
	out, err := s.kubectl(ctx, stream, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
	if err == nil && warning.MatchString(out) {
		err = fmt.Errorf("kubectl apply: %s", out)
	}
	return err
}

var warning = regexp.MustCompile(`(?m)^Warning:`)

// find returns the object of a kind and name, which must be there.
func find(t *testing.T, objects []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, o := range objects {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return nil
}

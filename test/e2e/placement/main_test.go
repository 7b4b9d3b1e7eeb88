// Package placement tests the scheduler plugin in the real kube-scheduler on a real
// Kubernetes control plane, whose nodes are KWOK's, in three zones. What the adapter would
// know is scripted.
package placement

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/e2e/cluster"
	"github.com/deepscaler/deepscaler/test/stack"
)

// site is the control plane, and the program to test on it.
type site struct {
	cluster   *controlplane.Cluster
	client    kubernetes.Interface
	root      string
	scheduler string
}

var shared site

func TestMain(m *testing.M) {
	os.Exit(cluster.Run(m, func(ctx context.Context) (func(context.Context) error, error) {
		var err error
		shared.cluster, err = controlplane.Start(ctx, controlplane.Options{Nodes: 9, Zones: 3, PodStartDelay: time.Second, Progress: os.Stderr})
		if err != nil {
			return nil, err
		}
		if err := shared.prepare(ctx); err != nil {
			return nil, errors.Join(err, shared.cluster.Stop(context.WithoutCancel(ctx)))
		}
		return shared.cluster.Stop, nil
	}))
}

func (s *site) prepare(ctx context.Context) (err error) {
	if s.client, err = kubernetes.NewForConfig(s.cluster.RESTConfig()); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	s.root = strings.TrimSpace(string(out))
	fmt.Fprintln(os.Stderr, "building the scheduler (a minute or two the first time)")
	bin := filepath.Join(s.cluster.Dir(), "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		return err
	}
	s.scheduler, err = stack.BuildScheduler(ctx, s.root, bin)
	return err
}

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
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/deepscaler/deepscaler/hack/controlplane"
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
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shared.cluster, err = controlplane.Start(ctx, controlplane.Options{Nodes: 9, Zones: 3, PodStartDelay: time.Second, Progress: os.Stderr})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.cluster.Stop(context.WithoutCancel(ctx))) }()
	if shared.client, err = kubernetes.NewForConfig(shared.cluster.RESTConfig()); err != nil {
		return 1, err
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return 1, fmt.Errorf("find the module: %w", err)
	}
	shared.root = strings.TrimSpace(string(out))
	fmt.Fprintln(os.Stderr, "building the scheduler (a minute or two the first time)")
	bin := filepath.Join(shared.cluster.Dir(), "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		return 1, err
	}
	if shared.scheduler, err = stack.BuildScheduler(ctx, shared.root, bin); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

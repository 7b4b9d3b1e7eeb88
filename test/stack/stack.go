package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// Stack is a control plane and the programs to run on it.
type Stack struct {
	Cluster  *controlplane.Cluster
	Programs Programs
	// Client has the rights of an administrator.
	Client kubernetes.Interface

	progress io.Writer
	// testbed is the address of the applications. They run one after the other, so
	// that one Prometheus with one target serves them all.
	testbed    string
	prometheus *controlplane.PrometheusServer
	jaeger     *controlplane.JaegerServer
}

// Start builds what is missing and starts a control plane. Programs are those of another
// stack; those of nil are built. ctx bounds the start only; the caller must call [Stack.Stop].
func Start(ctx context.Context, opts controlplane.Options, programs *Programs) (*Stack, error) {
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	cluster, err := controlplane.Start(ctx, opts)
	if err != nil {
		return nil, err
	}
	s := &Stack{Cluster: cluster, progress: opts.Progress}
	if err := s.prepare(ctx, programs); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Stack) prepare(ctx context.Context, programs *Programs) (err error) {
	if programs == nil {
		bin := filepath.Join(s.Cluster.Dir(), "bin")
		if err := os.MkdirAll(bin, 0o750); err != nil {
			return fmt.Errorf("prepare the stack: %w", err)
		}
		fmt.Fprintln(s.progress, "building deepscaler and the testbed (a minute or two the first time)")
		if s.Programs, err = BuildPrograms(ctx, bin); err != nil {
			return err
		}
	} else {
		s.Programs = *programs
	}
	if s.Client, err = kubernetes.NewForConfig(s.Cluster.RESTConfig()); err != nil {
		return fmt.Errorf("prepare the stack: %w", err)
	}
	return nil
}

// Stop ends every program of the stack and removes its files.
func (s *Stack) Stop(ctx context.Context) error { return s.Cluster.Stop(ctx) }

// Kubectl runs the cluster's own kubectl as an administrator and returns what
// it wrote.
func (s *Stack) Kubectl(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	args = append([]string{"--kubeconfig", s.Cluster.Kubeconfig()}, args...)
	return pipe(ctx, stdin, s.Programs.Root, s.Cluster.Binary(controlplane.Kubectl), args...)
}

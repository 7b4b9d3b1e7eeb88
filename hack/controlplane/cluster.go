package controlplane

import (
	"context"
	"errors"
	"io"
	"time"

	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// Options configures [Start]. The zero value is a quiet cluster with three nodes.
type Options struct {
	// Build finds or builds the programs; its Components are ignored.
	Build BuildOptions
	// Dir is the data directory. It must not exist or be empty, and Stop removes
	// it. Empty means a new directory under [os.TempDir].
	Dir string
	// Nodes is the number of simulated nodes, each with room for 1,000 pods; 0 means 3.
	Nodes int
	// HPASyncPeriod is how often kube-controller-manager evaluates every
	// HorizontalPodAutoscaler; 0 means 2 s (Kubernetes' own default is 15 s).
	HPASyncPeriod time.Duration
	// PodStartDelay is the time from a pod's binding to a node until it is Ready; 0 means 3 s.
	PodStartDelay time.Duration
	// Verbosity is the klog level (-v) of the Kubernetes programs.
	Verbosity int
	// TelemetryOnly leaves Kubernetes out: only StartPrometheus, StartJaeger and
	// StartProcess work, and the cluster has no kubeconfig.
	TelemetryOnly bool
	// Progress receives a line for each stage of the start; nil discards them.
	Progress io.Writer
}

// Cluster is a running control plane. Its methods may be called from several goroutines.
type Cluster struct{}

// Start builds what is missing and runs a control plane, which takes about 15 s on two
// cores once the programs are built. It returns when the API server is ready, the
// nodes are Ready and the default service account exists, so that pods can be
// created at once. ctx bounds the start only; a start that fails or is cancelled
// leaves nothing behind. The cluster runs until [Cluster.Stop] or until the
// calling program ends, however it ends.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	return nil, errors.New("controlplane: not built yet")
}

// Stop ends every program of the cluster and removes its data directory. Clients
// are stopped before servers. When ctx ends, the remaining programs are killed
// without grace. A second call does nothing.
func (c *Cluster) Stop(ctx context.Context) error { return errors.New("controlplane: not built yet") }

// Failed delivers a [*process.Failure] for each program of the cluster that ended
// although nobody stopped it. It is closed by Stop.
func (c *Cluster) Failed() <-chan error { return nil }

// Dir returns the absolute path of the data directory.
func (c *Cluster) Dir() string { return "" }

// Kubeconfig returns the path of the administrator's kubeconfig (group
// system:masters). It is readable by the current user only.
func (c *Cluster) Kubeconfig() string { return "" }

// RESTConfig returns the administrator's client configuration, without client-side rate limits.
func (c *Cluster) RESTConfig() *rest.Config { return nil }

// Binary returns the path of a component's program, for example of [Kubectl].
func (c *Cluster) Binary(component Component) string { return "" }

// Process returns the running program of a component, or nil when the cluster
// does not run it.
func (c *Cluster) Process(component Component) *process.Process { return nil }

// FreePort returns a port of 127.0.0.1 that nobody listens on and that no
// other cluster will hand out.
func (c *Cluster) FreePort() (int, error) { return 0, errors.New("controlplane: not built yet") }

// StartProcess runs any program beside the cluster, for example an adapter, and
// waits until it is ready. It is watched, stopped and cleaned up like the cluster's
// own, and stopped before them.
func (c *Cluster) StartProcess(ctx context.Context, spec process.Spec) (*process.Process, error) {
	return nil, errors.New("controlplane: not built yet")
}

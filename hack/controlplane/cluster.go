package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// Options configures [Start]. The zero value is a quiet cluster with three nodes.
type Options struct {
	// Build finds or builds the programs. Its Components are ignored, and its Progress
	// defaults to the one below.
	Build BuildOptions
	// Dir is the data directory. It must not exist or be empty, and Stop removes
	// it. Empty means a new directory under [os.TempDir].
	Dir string
	// Nodes is the number of simulated nodes, each with room for 1,000 pods; 0 means 3.
	Nodes int
	// Zones is how many zones the nodes are in, by turns; 0 means that they have none.
	Zones int
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
	// Progress receives a line for each stage of the start, building included; nil discards them.
	Progress io.Writer
}

// Cluster is a running control plane. Its methods may be called from several goroutines.
type Cluster struct {
	group    *process.Group
	ports    *process.Ports
	binaries Binaries
	progress io.Writer
	// The fields below are unset in a cluster of telemetry only.
	credentials *credentials
	admin       *rest.Config
}

// Start builds what is missing and runs a control plane, which takes about 10 s on two
// cores once the programs are built. It returns when the API server is ready, the nodes
// are Ready and the default service account exists, so that pods can be created at once.
// ctx bounds building and start only. A start that fails, is cancelled or takes longer
// than two minutes leaves nothing behind. The cluster runs until [Cluster.Stop] or until
// the calling program ends in any way.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	build := opts.Build
	build.Components = nil
	if build.Progress == nil {
		build.Progress = opts.Progress
	}
	if opts.TelemetryOnly {
		build.Components = []Component{Prometheus, Jaeger}
	}
	binaries, err := Build(ctx, build)
	if err != nil {
		return nil, err
	}
	c := &Cluster{binaries: binaries, progress: orDiscard(opts.Progress)}
	if err := c.start(ctx, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("start the control plane: %w", err), c.discard())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, opts Options) error {
	dir := opts.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "deepscaler-controlplane-"); err != nil {
			return fmt.Errorf("make the data directory: %w", err)
		}
	}
	var err error
	if c.group, err = process.NewGroup(dir); err != nil {
		return err
	}
	if c.ports, err = process.ClaimPorts(); err != nil {
		return err
	}
	if opts.TelemetryOnly {
		return nil
	}
	return c.whileHealthy(ctx, func(ctx context.Context) error { return c.startKubernetes(ctx, opts) })
}

// startLimit is ten times the duration of a start on two busy cores.
const startLimit = 2 * time.Minute

// whileHealthy calls start, and cancels it when a ready program fails, because the others
// would wait for it for ever. It then returns the failure.
func (c *Cluster) whileHealthy(ctx context.Context, start func(context.Context) error) error {
	ctx, stopTimer := context.WithTimeout(ctx, startLimit)
	defer stopTimer()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	var failure error
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case failure = <-c.group.Failed():
			cancel(failure)
		case <-done:
		}
	})
	err := start(ctx)
	close(done)
	watcher.Wait()
	if failure != nil {
		return failure
	}
	return err
}

// Stop ends every program of the cluster and removes its data directory. Programs of
// [Cluster.StartProcess] and other clients of the API server get SIGTERM and their grace
// period. Then the API server, which would wait up to a minute for open watches, and etcd
// are killed. When ctx ends, the remaining programs are killed without grace. Every call
// waits until the cluster is gone.
func (c *Cluster) Stop(ctx context.Context) error {
	var clients errgroup.Group
	for _, p := range c.group.Processes() {
		if name := p.Name(); name != string(APIServer) && name != string(Etcd) {
			clients.Go(func() error { return p.Stop(ctx) })
		}
	}
	if err := errors.Join(clients.Wait(), c.discard()); err != nil {
		return fmt.Errorf("stop the control plane: %w", err)
	}
	return nil
}

// discard ends everything at once; parts that were never started may be missing.
func (c *Cluster) discard() error {
	var errs []error
	if c.group != nil {
		errs = append(errs, c.group.Close())
	}
	if c.ports != nil {
		errs = append(errs, c.ports.Close())
	}
	return errors.Join(errs...)
}

// Failed delivers a [*process.Failure] for each program of the cluster that ended
// without being stopped. Stop closes it.
func (c *Cluster) Failed() <-chan error { return c.group.Failed() }

// Dir returns the absolute path of the data directory.
func (c *Cluster) Dir() string { return c.group.Dir() }

// Kubeconfig returns the path of the administrator's kubeconfig (group
// system:masters). It is readable by the current user only. It is empty in a
// cluster of telemetry only.
func (c *Cluster) Kubeconfig() string {
	if c.credentials == nil {
		return ""
	}
	return settings{dir: c.Dir()}.kubeconfig(adminName)
}

// RESTConfig returns a copy of the administrator's client configuration, without
// client-side rate limits; nil in a cluster of telemetry only.
func (c *Cluster) RESTConfig() *rest.Config {
	if c.admin == nil {
		return nil
	}
	return rest.CopyConfig(c.admin)
}

// Binary returns the path of a component's program, for example of [Kubectl].
func (c *Cluster) Binary(component Component) string { return c.binaries[component] }

// Process returns the program of a component, or nil when the cluster does not run
// it. StartPrometheus and StartJaeger add theirs.
func (c *Cluster) Process(component Component) *process.Process {
	for _, p := range c.group.Processes() {
		if p.Name() == string(component) {
			return p
		}
	}
	return nil
}

// FreePort returns a free port of 127.0.0.1 that no other cluster returns;
// [process.ErrNoPort] after about 50 of them.
func (c *Cluster) FreePort() (int, error) { return c.ports.Next() }

// StartProcess runs any program beside the cluster, for example an adapter, and
// waits until it is ready. It is watched, stopped and cleaned up like the cluster's
// own programs, and stopped before the API server.
func (c *Cluster) StartProcess(ctx context.Context, spec process.Spec) (*process.Process, error) {
	return c.group.Run(ctx, spec)
}

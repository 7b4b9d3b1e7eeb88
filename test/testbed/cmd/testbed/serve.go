package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/cluster"
	"github.com/deepscaler/deepscaler/test/testbed/live"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
	"github.com/deepscaler/deepscaler/test/testbed/tracing"
)

type serveOptions struct {
	loadOptions
	app        string
	listen     string
	namespace  string
	kubeconfig string
	otlp       string
	sampling   float64
}

func serveCommand() *cobra.Command {
	o := &serveOptions{}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run an application in real time and serve its telemetry",
		Long: `Serve runs an application at the pace of the wall clock. With --kubeconfig the
replicas of each service are the ready pods of its Deployment in a live
cluster; without, they are those of the description.

  /metrics   series of Istio, cAdvisor and kube-state-metrics (scrape with honor_labels)
  /status    experience of users and state of every service, as JSON
  /load      POST {"rps": 50} changes the load to that rate
  /trouble   POST {"service": "cartservice", "slowdown": 3, "errors": 0.1} troubles a
             service, {"scrapeFails": true} the scrapes; zeros end it
  /healthz   answers when the application runs`,
		Example: `  # On its own
  testbed serve --app online-boutique --rps 50 --profile burst

  # With the pods of a cluster, spans to Jaeger
  testbed serve --app bookinfo --kubeconfig ~/.kube/config --namespace shop --otlp-endpoint http://127.0.0.1:4318`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c.ErrOrStderr()) },
	}
	f := c.Flags()
	f.StringVar(&o.app, "app", "online-boutique", "Application: a name from testbed apps, or a file.")
	f.StringVar(&o.listen, "listen", "127.0.0.1:9400", "Address to serve on.")
	f.StringVar(&o.namespace, "namespace", "default", "Namespace of the series and of the Deployments.")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "Cluster whose ready pods are the replicas.")
	f.StringVar(&o.otlp, "otlp-endpoint", "", "Where to send spans by OTLP over HTTP.")
	f.Float64Var(&o.sampling, "trace-sampling", 0.02, "Share of the requests whose spans are sent.")
	o.add(f)
	return c
}

func (o *serveOptions) run(ctx context.Context, log io.Writer) error {
	if o.sampling < 0 || o.sampling > 1 {
		return fmt.Errorf("--trace-sampling is %v, want a share from 0 to 1", o.sampling)
	}
	a, err := app.Load(o.app)
	if err != nil {
		return err
	}
	work, offer, err := o.build(a)
	if err != nil {
		return err
	}
	engine, err := simulation.New(a, o.seed)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	pods, err := o.watch(ctx, engine)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if o.otlp != "" {
		exporter, err := tracing.New(o.otlp, a.ServiceNames(), time.Now(), uint64(time.Now().UnixNano()))
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		engine.Trace(o.sampling, exporter.Add)
		group.Go(func() error {
			return exporter.Run(ctx, func(err error) { fmt.Fprintln(log, "testbed:", err) })
		})
	}
	engine.SetLoad(work)
	driver := live.New(engine, offer, time.Now)
	group.Go(func() error { driver.Run(ctx); return nil })
	if pods != nil {
		group.Go(func() error { follow(ctx, pods, driver); return nil })
	}
	server := &http.Server{Handler: o.handler(driver, a), ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(ctx)
	})
	fmt.Fprintf(log, "testbed: %s on http://%s\n", a.Name, listener.Addr())
	return group.Wait()
}

// watch sets the present ready pods of every service. Without a cluster it
// returns nil.
func (o *serveOptions) watch(ctx context.Context, engine *simulation.Engine) (*cluster.Pods, error) {
	if o.kubeconfig == "" {
		return nil, nil
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	pods, err := cluster.Watch(ctx, client, o.namespace)
	if err != nil {
		return nil, err
	}
	assign(engine, pods)
	return pods, nil
}

// follow keeps the replicas equal to the ready pods.
func follow(ctx context.Context, pods *cluster.Pods, driver *live.Driver) {
	defer pods.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pods.Changed():
			driver.Read(func(e *simulation.Engine) { assign(e, pods) })
		}
	}
}

func assign(e *simulation.Engine, pods *cluster.Pods) {
	ready := pods.Ready()
	for i, s := range e.Application().Services {
		e.SetPods(i, ready[s.Name])
	}
}

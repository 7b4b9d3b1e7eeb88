package controlplane

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// clientGrace is the time for the Kubernetes programs to exit on SIGTERM. They
// have nothing to save.
const clientGrace = 2 * time.Second

func (c *Cluster) startKubernetes(ctx context.Context, opts Options) error {
	start := time.Now()
	ports, err := c.kubernetesPorts()
	if err != nil {
		return err
	}
	s, err := newSettings(opts, c.Dir(), ports)
	if err != nil {
		return err
	}
	if c.credentials, err = writeCredentials(s, time.Now); err != nil {
		return err
	}
	if c.admin, err = c.credentials.restConfig(User{Name: "kubernetes-admin", Groups: []string{"system:masters"}}); err != nil {
		return err
	}
	client, err := rest.HTTPClientFor(c.admin)
	if err != nil {
		return fmt.Errorf("make a client of the API server: %w", err)
	}
	defer client.CloseIdleConnections()

	if err := c.run(ctx, Etcd, s.etcdArgs(), answers(client, loopbackURL("http", ports.etcdHealth)+"/readyz")); err != nil {
		return err
	}
	c.report(start, "etcd is ready")
	if err := c.run(ctx, APIServer, s.apiServerArgs(), answers(client, s.apiServerURL()+"/readyz")); err != nil {
		return err
	}
	c.report(start, "kube-apiserver is ready at %s", s.apiServerURL())

	clientset, err := kubernetes.NewForConfigAndClient(c.admin, client)
	if err != nil {
		return fmt.Errorf("make a client of the API server: %w", err)
	}
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error {
		return c.run(ctx, ControllerManager, s.controllerManagerArgs(),
			answers(client, loopbackURL("https", ports.controllerManager)+"/healthz"))
	})
	parts.Go(func() error {
		return c.run(ctx, Scheduler, s.schedulerArgs(), answers(client, loopbackURL("https", ports.scheduler)+"/readyz"))
	})
	parts.Go(func() error { return c.run(ctx, KWOK, s.kwokArgs(), nil) })
	parts.Go(func() error { return addNodes(ctx, clientset, s.nodes, s.zones) })
	parts.Go(func() error { return awaitServiceAccount(ctx, clientset) })
	if err := parts.Wait(); err != nil {
		return err
	}
	c.report(start, "%d nodes are ready; kubeconfig: %s", s.nodes, c.Kubeconfig())
	return nil
}

func (c *Cluster) kubernetesPorts() (kubernetesPorts, error) {
	var p kubernetesPorts
	for _, port := range []*int{&p.etcdClient, &p.etcdPeer, &p.etcdHealth, &p.apiServer, &p.controllerManager, &p.scheduler} {
		var err error
		if *port, err = c.ports.Next(); err != nil {
			return kubernetesPorts{}, err
		}
	}
	return p, nil
}

func (c *Cluster) run(ctx context.Context, component Component, args []string, ready func(context.Context) error) error {
	_, err := c.group.Run(ctx, process.Spec{
		Name:  string(component),
		Path:  c.binaries[component],
		Args:  args,
		Ready: ready,
		Grace: clientGrace,
	})
	return err
}

func (c *Cluster) report(start time.Time, format string, args ...any) {
	fmt.Fprintf(c.progress, "%4.1fs  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
}

// answers returns a probe that succeeds when a GET of url is answered with 200.
func answers(client *http.Client, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		request.Close = true // a kept connection would outlive the program that is probed
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("GET %s: %s", url, response.Status)
		}
		return nil
	}
}

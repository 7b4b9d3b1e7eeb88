package adapter

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/certs"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/keda"
	"github.com/deepscaler/deepscaler/adapter/registration"
	"github.com/deepscaler/deepscaler/adapter/server"
)

// Run runs the adapter until ctx is done, and then until the running requests
// are answered. Ticks continue meanwhile.
func (c *Config) Run(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	logger.Info("Starting", "version", c.Build.Version, "revision", c.Build.Revision, "step", c.File.Step, "namespaces", c.File.Namespaces)
	client, err := newClient(c.Kube)
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.core.Events("")})

	namespace := ""
	if c.File.Models.Serve {
		if namespace, err = c.namespace(c.File.Models.Namespace, "set models.namespace, or models.serve to false, in the configuration"); err != nil {
			return err
		}
	}
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: server.Name})
	registry, err := c.registry(recorder)
	if err != nil {
		return err
	}
	planner, err := newPlanner(c.File, client, namespace, registry, recorder, c.Build)
	if err != nil {
		return err
	}
	defer planner.source.Close()
	if c.BufferLease != "" {
		if namespace, err = c.namespace("", "set certificates.namespace in the configuration, or leave --capacity-buffer-lease out"); err != nil {
			return err
		}
		if err := planner.writeBuffers(c.File, client, c.Kube, types.NamespacedName{Namespace: namespace, Name: c.BufferLease}); err != nil {
			return err
		}
	}
	certificate, err := c.certificate(registry)
	if err != nil {
		return err
	}

	// The server completes its own options while it starts, so these are read before.
	kedaAddress := net.JoinHostPort(c.Server.SecureServing.BindAddress.String(), strconv.Itoa(c.KEDA.Port))
	group, ctx := errgroup.WithContext(ctx)
	// The server stops first, so what it depends on needs a longer context.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		defer stop()
		return c.serve(ctx, planner, certificate)
	})
	if c.KEDA.Port != 0 {
		group.Go(func() error { return c.serveKEDA(ctx, kedaAddress, planner, certificate) })
	}
	group.Go(func() error {
		planner.run(background)
		return nil
	})
	if registry != nil {
		group.Go(func() error {
			registry.Run(background)
			return nil
		})
	} else {
		logger.Info("Who owns the metrics APIs is not known: set certificates.namespace to the namespace of the adapter's Service")
	}
	if certificate != nil {
		group.Go(func() error { return certificate.Run(background) })
	}
	err = group.Wait()
	logger.Info("Stopped", "err", err)
	return err
}

// serve answers requests once the certificate exists, until ctx is done and the
// last request is answered.
func (c *Config) serve(ctx context.Context, p *planner, certificate *certs.Manager) error {
	if certificate != nil {
		if err := certificate.Wait(ctx); err != nil {
			return nil //nolint:nilerr // asked to stop, or the certificate's own error is what counts
		}
		pair := &c.Server.SecureServing.ServerCert.CertKey
		pair.CertFile, pair.KeyFile = certificate.CertFile(), certificate.KeyFile()
	}
	content, err := p.content(c.File, c.Build.Version)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, c.Server, content)
	if err != nil {
		return err
	}
	return s.PrepareRun().RunWithContext(ctx)
}

// serveKEDA answers KEDA at an address once the certificate exists, until ctx is done.
func (c *Config) serveKEDA(ctx context.Context, address string, p *planner, certificate *certs.Manager) error {
	o := keda.Options{ClientCAFile: c.KEDA.ClientCAFile, Board: p.board, Clock: clock.RealClock{}, Observe: p.metrics.Answered}
	if certificate != nil {
		if err := certificate.Wait(ctx); err != nil {
			return nil //nolint:nilerr // asked to stop, or the certificate's own error is what counts
		}
		o.CertFile, o.KeyFile = certificate.CertFile(), certificate.KeyFile()
	} else {
		pair := c.Server.SecureServing.ServerCert.CertKey
		o.CertFile, o.KeyFile = pair.CertFile, pair.KeyFile
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for KEDA (--keda-port): %w", err)
	}
	return keda.Serve(ctx, listener, o)
}

// registry returns the one that follows the registrations of the adapter, or nil when
// the certificate is from files and the adapter cannot tell which Service is its own.
func (c *Config) registry(recorder record.EventRecorder) (*registration.Registry, error) {
	namespace, err := c.namespace("", "set certificates.namespace in the configuration, or give --tls-cert-file")
	switch {
	case err != nil && c.Server.CertificateFromFiles():
		return nil, nil
	case err != nil:
		return nil, err
	}
	var serves []discovery.Way
	if c.File.APIs.External() {
		serves = append(serves, discovery.External)
	}
	if c.File.APIs.Custom() {
		serves = append(serves, discovery.Object)
	}
	return registration.New(registration.Options{
		Config:   c.Kube,
		Service:  types.NamespacedName{Namespace: namespace, Name: c.File.Certificates.Service},
		Serves:   serves,
		Recorder: recorder,
	})
}

// certificate returns the manager of the serving certificate, or nil when files
// provide it.
func (c *Config) certificate(registry *registration.Registry) (*certs.Manager, error) {
	if c.Server.CertificateFromFiles() {
		return nil, nil
	}
	namespace, err := c.namespace("", "set certificates.namespace in the configuration, or give --tls-cert-file")
	if err != nil {
		return nil, err
	}
	return certs.New(certs.Options{
		Config:  c.Kube,
		Secret:  types.NamespacedName{Namespace: namespace, Name: c.File.Certificates.Secret},
		Service: c.File.Certificates.Service,
		Trust:   registry,
		Dir:     c.Server.SecureServing.ServerCert.CertDirectory,
		Clock:   clock.RealClock{},
	})
}

// namespace returns the one that is configured, else that of the certificate, else the
// adapter's own; outside of a pod the latter is an error with what to do.
func (c *Config) namespace(configured, remedy string) (string, error) {
	if configured = cmp.Or(configured, c.File.Certificates.Namespace); configured != "" {
		return configured, nil
	}
	own, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
	if err != nil {
		return "", fmt.Errorf("find the adapter's own namespace: %w; outside of a pod %s", err, remedy)
	}
	return strings.TrimSpace(string(own)), nil
}

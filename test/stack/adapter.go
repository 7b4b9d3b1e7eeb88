package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// AdapterOptions configures [Stack.StartAdapter].
type AdapterOptions struct {
	// Name of the process; it names its log file.
	Name string
	// Manifests is the kustomization below manifests that is installed; base if empty.
	Manifests string
	// KEDA serves the external scaler for KEDA too.
	KEDA bool
	// Prometheus and Jaeger are base URLs; Jaeger may be empty.
	Prometheus, Jaeger string
	// Step is Δ, Window τ; see the adapter's configuration for the others.
	Step       time.Duration
	Window     int
	RateWindow time.Duration
	LeadTime   time.Duration
	Hold       time.Duration
	SLO        time.Duration
	// Queries replaces queries of the preset, by feature.
	Queries map[string]string
	// Quantile of the need that models are to serve, 0 for the default.
	Quantile float64
	// Learning, unless nil, is that of a learner beside the adapter; see
	// [Adapter.StartLearner].
	Learning *exchange.Learning
}

// config returns the adapter's configuration file, with the folder that it shares with its
// learner.
func (o AdapterOptions) config(folder string) []byte {
	var queries []string
	for feature, query := range o.Queries {
		queries = append(queries, fmt.Sprintf("%s: %q", feature, query))
	}
	quantile, learning := "", ""
	if o.Quantile > 0 {
		quantile = fmt.Sprintf("  quantile: %v\n", o.Quantile)
	}
	if l := o.Learning; l != nil {
		learning = fmt.Sprintf("models: {exchange: %q}\nlearner: {interval: %v, history: %v, leastHistory: %v, maxAge: %v, iterations: %d}\n",
			folder, l.Interval, l.History, l.LeastHistory, l.MaxAge, l.Iterations)
	}
	return fmt.Appendf(nil, `apiVersion: config.deepscaler.io/v1alpha1
kind: AdapterConfiguration
step: %v
window: %d
telemetry:
  prometheus: {url: %q}
  jaeger: {url: %q}
  scrapeInterval: %v
  rateWindow: %v
  queries: {%s}
defaults:
  leadTime: %v
  hold: %v
  slo: %v
%scertificates:
  namespace: %s
  secret: %s
  service: %s
%s`, o.Step, o.Window, o.Prometheus, o.Jaeger, scrapeInterval, o.RateWindow, strings.Join(queries, ", "), o.LeadTime, o.Hold, o.SLO, quantile, systemNamespace, certificates, adapterName, learning)
}

// Adapter is a running adapter, as a program on this host with the rights of the
// service account that manifests/base gives it.
type Adapter struct {
	*process.Process
	opts  AdapterOptions
	stack *Stack
	port  int
	// kedaPort is 0 without an external scaler.
	kedaPort int
}

// StartAdapter installs the manifests and starts the adapter behind the API
// aggregator. It returns when the aggregator reaches it. A cluster has one
// external metrics API, so there is one such adapter at a time; see
// [Adapter.Replica] for more.
func (s *Stack) StartAdapter(ctx context.Context, opts AdapterOptions) (*Adapter, error) {
	a, err := s.newAdapter(opts)
	if err != nil {
		return nil, err
	}
	if err := s.install(ctx, cmp.Or(opts.Manifests, "base"), a.port); err != nil {
		return nil, err
	}
	if err := a.run(ctx); err != nil {
		return nil, err
	}
	if err := Eventually(ctx, "the API aggregator reaches the adapter", func(ctx context.Context) error { return s.aggregated(ctx, opts.api()) }); err != nil {
		return nil, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
	}
	return a, nil
}

// Replica starts another adapter with the same configuration. The aggregator
// does not know it; [Adapter.RESTConfig] reads from it directly.
func (a *Adapter) Replica(ctx context.Context, name string) (*Adapter, error) {
	opts := a.opts
	opts.Name = name
	replica, err := a.stack.newAdapter(opts)
	if err != nil {
		return nil, err
	}
	if err := replica.run(ctx); err != nil {
		return nil, err
	}
	return replica, nil
}

func (s *Stack) newAdapter(opts AdapterOptions) (*Adapter, error) {
	port, err := s.Cluster.FreePort()
	if err != nil {
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	a := &Adapter{opts: opts, stack: s, port: port}
	if opts.KEDA {
		if a.kedaPort, err = s.Cluster.FreePort(); err != nil {
			return nil, fmt.Errorf("start the adapter: %w", err)
		}
	}
	return a, nil
}

// api returns the path of a metrics API that leads to the adapter.
func (o AdapterOptions) api() string {
	if o.KEDA {
		// KEDA's own server has the other one.
		return customMetrics
	}
	return externalMetrics
}

// ScalerAddress is where KEDA's operator finds the external scaler: its Service, and the
// port of the program that plays it.
func (a *Adapter) ScalerAddress() string {
	return adapterName + "." + systemNamespace + ".svc:" + strconv.Itoa(a.kedaPort)
}

// Authority returns the authority of the adapter's certificate, in PEM.
func (a *Adapter) Authority(ctx context.Context) ([]byte, error) {
	secret, err := a.stack.Client.CoreV1().Secrets(systemNamespace).Get(ctx, certificates, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("find the authority of the adapter's certificate: %w", err)
	}
	return secret.Data["ca.crt"], nil
}

func (a *Adapter) dir() string { return filepath.Join(a.stack.Cluster.Dir(), a.opts.Name) }

// Exchange is the folder that the adapter shares with its learner.
func (a *Adapter) Exchange() exchange.Dir { return exchange.Dir(filepath.Join(a.dir(), "exchange")) }

// StartLearner starts the learner beside the adapter. A crash of it is for the caller to
// see.
func (a *Adapter) StartLearner(ctx context.Context) (*process.Process, error) {
	return a.stack.Cluster.StartProcess(ctx, process.Spec{
		Name:  a.opts.Name + "-learner",
		Path:  a.stack.Programs.DeepScaler,
		Args:  []string{"learner", "--config", filepath.Join(a.dir(), "config.yaml"), "--exchange", string(a.Exchange()), "--verbose"},
		Ready: func(context.Context) error { return a.Exchange().Alive(time.Now()) },
	})
}

func (a *Adapter) run(ctx context.Context) error {
	dir := a.dir()
	if err := os.MkdirAll(string(a.Exchange()), 0o700); err != nil {
		return fmt.Errorf("start the adapter: %w", err)
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, a.opts.config(string(a.Exchange())), 0o600); err != nil {
		return fmt.Errorf("start the adapter: %w", err)
	}
	kubeconfig, err := a.stack.Cluster.KubeconfigFor(controlplane.ServiceAccount(systemNamespace, adapterName))
	if err != nil {
		return fmt.Errorf("start the adapter: %w", err)
	}
	a.Process, err = a.stack.Cluster.StartProcess(ctx, process.Spec{
		Name: a.opts.Name,
		Path: a.stack.Programs.DeepScaler,
		Args: []string{
			"adapter", "--config", config, "--kubeconfig", kubeconfig,
			"--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
			"--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(a.port), "--keda-port", strconv.Itoa(a.kedaPort),
			"--cert-dir", filepath.Join(dir, "certificates"),
		},
		Ready: a.ready,
	})
	return err
}

// ready asks the readiness probe as the kubelet does, which has no credentials.
func (a *Adapter) ready(ctx context.Context) error {
	status, err := a.Get(ctx, "/readyz", nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("readyz: status %d", status)
	}
	return err
}

// Get requests a path from the adapter itself, past the aggregator, and returns the
// status. Without a configuration the caller has no credentials.
func (a *Adapter) Get(ctx context.Context, path string, config *rest.Config) (int, error) {
	if config == nil {
		config = rest.AnonymousClientConfig(a.address())
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+path, nil)
	if err != nil {
		return 0, err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// Metrics returns what the adapter exports, as an administrator reads it.
func (a *Adapter) Metrics(ctx context.Context) (string, error) {
	client, err := kubernetes.NewForConfig(a.RESTConfig())
	if err != nil {
		return "", err
	}
	body, err := client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	return string(body), err
}

// RESTConfig returns an administrator's configuration for the adapter itself, past
// the aggregator.
func (a *Adapter) RESTConfig() *rest.Config {
	config, admin := a.address(), a.stack.Cluster.RESTConfig()
	config.CertData, config.CertFile = admin.CertData, admin.CertFile
	config.KeyData, config.KeyFile = admin.KeyData, admin.KeyFile
	return config
}

// address is where the adapter listens. The kubelet's probes do not verify its
// certificate; that the aggregator does is what the tests go through elsewhere.
func (a *Adapter) address() *rest.Config {
	return &rest.Config{
		Host:            "https://127.0.0.1:" + strconv.Itoa(a.port),
		TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		Timeout:         10 * time.Second,
	}
}

// aggregated checks that a metrics API answers through the aggregator, which implies a
// verified certificate.
func (s *Stack) aggregated(ctx context.Context, api string) error {
	_, err := s.Client.Discovery().RESTClient().Get().AbsPath(api).Do(ctx).Raw()
	return err
}

package stack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// kedaNamespace and kedaAccount are those of KEDA's own manifests.
const (
	kedaNamespace = "keda"
	kedaAccount   = "keda-operator"
)

// KEDA is a running KEDA, as programs on this host with the rights of its own manifests.
type KEDA struct {
	// Operator makes an HPA for each ScaledObject and asks the scalers.
	Operator *process.Process
	// Server answers the external metrics API by asking the operator.
	Server *process.Process

	names *http.Server
	port  int
}

// StartKEDA builds KEDA if need be, installs it and starts it behind the API aggregator.
// ctx bounds the start only.
func (s *Stack) StartKEDA(ctx context.Context) (_ *KEDA, err error) {
	fmt.Fprintln(s.progress, "building KEDA")
	binaries, err := controlplane.Build(ctx, controlplane.BuildOptions{Components: controlplane.Optional(), Progress: s.progress})
	if err != nil {
		return nil, err
	}
	k := &KEDA{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start KEDA: %w", err), k.Stop(context.WithoutCancel(ctx)))
		}
	}()
	var operatorPort, metricsPort, proxyPort int
	for _, port := range []*int{&k.port, &operatorPort, &metricsPort, &proxyPort} {
		if *port, err = s.Cluster.FreePort(); err != nil {
			return k, err
		}
	}
	dir := filepath.Join(s.Cluster.Dir(), "keda")
	bundle, err := controlplane.WriteCertificate(dir, "keda", "keda-operator.keda.svc", "keda-metrics-apiserver.keda.svc")
	if err != nil {
		return k, err
	}
	source, err := goTool(ctx, filepath.Join(s.Programs.Root, "hack", "controlplane", "modules", "keda"), "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2")
	if err != nil {
		return k, err
	}
	if err := s.apply(ctx, filepath.Join(strings.TrimSpace(string(source)), "config", "default"), k.port, bundle); err != nil {
		return k, err
	}
	kubeconfig, err := s.Cluster.KubeconfigFor(controlplane.ServiceAccount(kedaNamespace, kedaAccount))
	if err != nil {
		return k, err
	}
	if k.names, err = serveNames(ctx, proxyPort); err != nil {
		return k, err
	}
	// KEDA's defaults, but for addresses: its containers have the host to themselves.
	env := []string{"KUBECONFIG=" + kubeconfig, "WATCH_NAMESPACE=", "POD_NAMESPACE=" + kedaNamespace, "KEDA_CLUSTER_OBJECT_NAMESPACE=" + kedaNamespace}
	healthPort, err := s.Cluster.FreePort()
	if err != nil {
		return k, err
	}
	health := "127.0.0.1:" + strconv.Itoa(healthPort)
	k.Operator, err = s.Cluster.StartProcess(ctx, process.Spec{
		Name: "keda-operator", Path: binaries[controlplane.KEDAOperator],
		Env: append(env, "HTTPS_PROXY=http://"+k.names.Addr),
		Args: []string{
			"--zap-log-level=info", "--zap-encoder=console", "--metrics-bind-address=0", "--health-probe-bind-address=" + health,
			"--metrics-service-bind-address=127.0.0.1:" + strconv.Itoa(operatorPort), "--cert-dir=" + dir,
		},
		Ready: func(ctx context.Context) error { return probe(ctx, "http://"+health+"/readyz") },
	})
	if err != nil {
		return k, err
	}
	k.Server, err = s.Cluster.StartProcess(ctx, process.Spec{
		Name: "keda-metrics-apiserver", Path: binaries[controlplane.KEDAAdapter], Env: env,
		Args: []string{
			"--zap-log-level=error", "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(k.port), "--port=" + strconv.Itoa(metricsPort),
			"--lister-kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
			"--client-ca-file=" + filepath.Join(dir, "ca.crt"), "--tls-cert-file=" + filepath.Join(dir, "tls.crt"),
			"--tls-private-key-file=" + filepath.Join(dir, "tls.key"), "--cert-dir=" + dir,
			"--metrics-service-address=127.0.0.1:" + strconv.Itoa(operatorPort), "--metrics-service-grpc-authority=keda-operator.keda.svc",
		},
		Ready: func(ctx context.Context) error {
			return probe(ctx, "https://127.0.0.1:"+strconv.Itoa(k.port)+"/readyz")
		},
	})
	if err != nil {
		return k, err
	}
	return k, Eventually(ctx, "the API aggregator reaches KEDA", func(ctx context.Context) error { return s.aggregated(ctx, externalMetrics) })
}

// Port is that of KEDA's metrics API server on this host.
func (k *KEDA) Port() int { return k.port }

// Stop ends KEDA. Its ScaledObjects should be gone by then, since nobody else removes
// their finalizers.
func (k *KEDA) Stop(ctx context.Context) error {
	var errs []error
	for _, p := range []*process.Process{k.Server, k.Operator} {
		if p != nil {
			errs = append(errs, p.Stop(ctx))
		}
	}
	if k.names != nil {
		errs = append(errs, k.names.Close())
	}
	return errors.Join(errs...)
}

// probe is that of the kubelet, which does not verify certificates.
func probe(ctx context.Context, url string) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// serveNames plays the DNS of the cluster and the addresses of its Services for a program
// that is given it as its proxy: a connection to any name leads to the same port on this host. It passes bytes
// on, so both ends still verify each other by the names that they would have in a cluster.
func serveNames(ctx context.Context, port int) (*http.Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	server := &http.Server{Addr: listener.Addr().String(), Handler: http.HandlerFunc(connect), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return server, nil
}

func connect(w http.ResponseWriter, r *http.Request) {
	_, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil {
		http.Error(w, "only CONNECT to a host and port", http.StatusMethodNotAllowed)
		return
	}
	there, err := new(net.Dialer).DialContext(r.Context(), "tcp", "127.0.0.1:"+port)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = there.Close() }()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = here.Close() }()
	if _, err := io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func() {
		// The client may have sent more than the request already.
		_, _ = io.Copy(there, buffered)
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
}

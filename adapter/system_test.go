package adapter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/internal/fakeprometheus"
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
	"github.com/deepscaler/deepscaler/estimator"
)

// TestMain ignores a goroutine that the API server's log check starts once for
// the process and cannot stop.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("k8s.io/apimachinery/pkg/util/wait.Forever"))
}

// system is a running adapter with everything around it.
type system struct {
	kube       *fakekube.Server
	prometheus *fakeprometheus.Server
	client     *http.Client
	url        string
	exchange   string // the folder that the adapter shares with a learner
	step       time.Duration
	apiService string // whose caBundle verifies the adapter
	kedaPort   int
	more       string // fields of the configuration
}

// start runs an adapter that plans shop/web and shop/cart, by default every second, until
// the test ends, and fails the test if it does not stop cleanly. Tests that use
// it run in parallel.
func start(t *testing.T, prepare ...func(*system)) *system {
	t.Helper()
	t.Parallel()
	s := &system{
		// A tick has most of a step, also on a machine that is busy with other tests.
		step:       5 * time.Second,
		apiService: fakekube.APIService,
		kube:       fakekube.New(),
		prometheus: fakeprometheus.New([]estimator.Service{{Namespace: "shop", Name: "web"}, {Namespace: "shop", Name: "cart"}}),
	}
	t.Cleanup(s.kube.Close)
	t.Cleanup(s.prometheus.Close)
	s.populate(t)
	for _, p := range prepare {
		p(s)
	}
	s.run(t)
	return s
}

// replica runs another adapter of the same cluster.
func (s *system) replica(t *testing.T) *system {
	t.Helper()
	r := &system{step: s.step, apiService: s.apiService, kube: s.kube, prometheus: s.prometheus}
	r.run(t)
	return r
}

// run runs an adapter until the test ends.
func (s *system) run(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	s.exchange = t.TempDir()
	o := NewOptions()
	o.ConfigFile = write(t, dir, "config.yaml", fmt.Sprintf(`apiVersion: config.deepscaler.io/v1alpha1
kind: AdapterConfiguration
step: %v
window: 4
telemetry: {prometheus: {url: %q, timeout: 5s}}
certificates: {namespace: deepscaler-system}
models: {exchange: %q}
%s`, s.step, s.prometheus.URL, s.exchange, s.more))
	o.Kubeconfig = write(t, dir, "kubeconfig", string(s.kube.Kubeconfig()))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Server.SecureServing.Listener = listener
	o.Server.SecureServing.ServerCert.CertDirectory = filepath.Join(dir, "certificates")
	o.Server.ShutdownDelay = 0
	o.KEDA.Port = s.kedaPort
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	c, err := o.Config(selfmetrics.Build{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("stopped with %v", err)
			}
		case <-time.After(5 * time.Minute):
			t.Error("did not stop within five minutes")
		}
	})
	s.url = "https://" + listener.Addr().String()
	s.trust(t)
}

// populate puts into the cluster what the manifests would.
func (s *system) populate(t *testing.T) {
	t.Helper()
	s.kube.User = func(token string) string {
		return map[string]string{"hpa": "hpa", "prometheus": "prometheus", "nobody": "nobody", "admin": "admin"}[token]
	}
	s.kube.Allow = func(user, _, resource string) bool {
		return user == "admin" || user == "hpa" && resource == "deepscaler_desired_replicas" ||
			user == "prometheus" && resource == "/metrics"
	}
	cart := fakekube.Autoscaler("shop", "cart")
	cart.Spec.Metrics[0].External.Metric.Selector = nil
	if err := errors.Join(s.kube.Install(), s.kube.PutAutoscaler(cart), s.kube.PutAutoscaler(fakekube.Autoscaler("shop", "web"))); err != nil {
		t.Fatal(err)
	}
}

// trust waits for the caBundle of the APIService and verifies the adapter by it,
// under the name that the API aggregator would.
func (s *system) trust(t *testing.T) {
	t.Helper()
	roots := x509.NewCertPool()
	eventually(t, "the caBundle is injected", func() bool {
		spec, _ := s.kube.Object("apiservices", "", s.apiService)["spec"].(map[string]any)
		text, _ := spec["caBundle"].(string)
		bundle, err := base64.StdEncoding.DecodeString(text)
		return err == nil && roots.AppendCertsFromPEM(bundle)
	})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "deepscaler-adapter.deepscaler-system.svc", MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{Transport: transport}
	eventually(t, "the port is open", func() bool {
		response, err := s.client.Get(s.url + "/livez")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil
	})
}

// get reads a path with a bearer token, "" for anonymously.
func (s *system) get(t testing.TB, token, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// decode reads a path as an administrator, once there is a plan: a busy machine may be late with one.
func (s *system) decode(t *testing.T, path string, into any) {
	t.Helper()
	var code int
	var body string
	eventually(t, path, func() bool {
		code, body = s.get(t, "admin", path)
		return code != http.StatusServiceUnavailable
	})
	if code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, code, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func (s *system) ready(t *testing.T) {
	t.Helper()
	eventually(t, "/readyz", func() bool {
		code, _ := s.get(t, "", "/readyz")
		return code == http.StatusOK
	})
}

// eventually fails the test unless ok holds within five minutes.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within five minutes", what)
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

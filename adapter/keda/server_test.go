package keda_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/keda"
	"github.com/deepscaler/deepscaler/adapter/keda/externalscaler"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const step = 15 * time.Second

// site is a server on a port of its own, with files for it and its clients.
type site struct {
	board     *externalmetrics.Board
	clock     *testclock.FakeClock
	dir       string
	address   string
	observed  chan int
	authority *authority
}

// serve serves until the test ends. A ScaledObject of another name scales cart, which is
// planned; late is not.
func serve(t *testing.T, clientCertificates bool) *site {
	t.Helper()
	s := &site{clock: testclock.NewFakeClock(time.Now()), dir: t.TempDir(), observed: make(chan int, 100), authority: newAuthority(t)}
	s.board = externalmetrics.NewBoard(s.clock, step)
	of := func(name string) discovery.Service {
		return discovery.Service{
			Service: estimator.Service{Namespace: "shop", Name: name}, Application: "shop",
			Bounds: plan.Bounds{Min: 1, Max: 9}, ScaledObject: name + "-scaler",
		}
	}
	s.board.Assign([]discovery.Application{{Name: "shop", Services: []discovery.Service{of("cart"), of("late")}}})
	s.plan(t, 3.5)

	s.authority.publish(t, filepath.Join(s.dir, "ca.crt"))
	s.authority.issue(t, s.dir, "tls", x509.ExtKeyUsageServerAuth)
	o := keda.Options{
		CertFile: filepath.Join(s.dir, "tls.crt"), KeyFile: filepath.Join(s.dir, "tls.key"),
		Board: s.board, Clock: s.clock, Observe: func(code int) { s.observed <- code },
	}
	if clientCertificates {
		o.ClientCAFile = filepath.Join(s.dir, "ca.crt")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- keda.Serve(ctx, listener, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// plan publishes that cart needs n replicas.
func (s *site) plan(t *testing.T, n float64) {
	t.Helper()
	f := estimator.NewForecast([]estimator.Service{{Namespace: "shop", Name: "cart"}}, 1, step)
	f.Replicas[0] = n
	made, err := plan.Make(plan.DefaultConfig(), f, map[estimator.Service]plan.Bounds{f.Services[0]: {Min: 1, Max: 9}}, plan.Observed{}, s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.board.Publish(tick.Result{Application: "shop", Plan: made, At: s.clock.Now()})
}

// dial returns a client as KEDA has one; without credentials, it speaks no TLS.
func (s *site) dial(t *testing.T, c credentials.TransportCredentials) externalscaler.ExternalScalerClient {
	t.Helper()
	connection, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return externalscaler.NewExternalScalerClient(connection)
}

// verified are the credentials of a client that verifies the server, with the
// certificate of the given name if any.
func (s *site) verified(t *testing.T, dir, certificate string) credentials.TransportCredentials {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(s.authority.cert)
	c := &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, certificate+".crt"), filepath.Join(dir, certificate+".key"))
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(c)
}

func ref(name string) *externalscaler.ScaledObjectRef {
	return &externalscaler.ScaledObjectRef{Namespace: "shop", Name: name}
}

func TestContract(t *testing.T) {
	s := serve(t, false)
	client := s.dial(t, s.verified(t, "", ""))
	spec, err := client.GetMetricSpec(t.Context(), ref("nobody-knows-it-yet"))
	if err != nil || len(spec.MetricSpecs) != 1 || spec.MetricSpecs[0].MetricName != discovery.Metric || spec.MetricSpecs[0].TargetSize != 1 || spec.MetricSpecs[0].TargetSizeFloat != 1 {
		t.Errorf("specification %v, %v", spec, err)
	}
	for name, c := range map[string]struct {
		ref    *externalscaler.ScaledObjectRef
		metric string
		code   codes.Code
		http   []int
	}{
		"planned":           {ref("cart-scaler"), discovery.Metric, codes.OK, []int{200, 200}},
		"its service":       {ref("cart"), discovery.Metric, codes.NotFound, []int{404, 404}},
		"another namespace": {&externalscaler.ScaledObjectRef{Namespace: "bank", Name: "cart-scaler"}, discovery.Metric, codes.NotFound, []int{404, 404}},
		"not planned yet":   {ref("late-scaler"), discovery.Metric, codes.Unavailable, []int{503, 503}},
		"another metric":    {ref("cart-scaler"), "s0-" + discovery.Metric, codes.InvalidArgument, []int{200}},
		"nothing":           {nil, discovery.Metric, codes.NotFound, []int{404, 404}},
	} {
		values, err := client.GetMetrics(t.Context(), &externalscaler.GetMetricsRequest{ScaledObjectRef: c.ref, MetricName: c.metric})
		if status.Code(err) != c.code {
			t.Errorf("%s: metric %v", name, err)
		}
		if err == nil && (len(values.MetricValues) != 1 || values.MetricValues[0].MetricValue != 4 || values.MetricValues[0].MetricValueFloat != 4) {
			t.Errorf("%s: values %v, want 4", name, values)
		}
		active, err := client.IsActive(t.Context(), c.ref)
		if err == nil && !active.Result || (status.Code(err) != c.code && c.code != codes.InvalidArgument) {
			t.Errorf("%s: active %v, %v", name, active, err)
		}
		var observed []int
		for range c.http {
			observed = append(observed, <-s.observed)
		}
		if diff := cmp.Diff(c.http, observed); diff != "" {
			t.Errorf("%s: observed (-want +got):\n%s", name, diff)
		}
	}
}

// A stale plan is an error for KEDA as it is for an autoscaler.
func TestStaleIsAnError(t *testing.T) {
	s := serve(t, false)
	client := s.dial(t, s.verified(t, "", ""))
	s.clock.Step(3 * step)
	if _, err := client.GetMetrics(t.Context(), &externalscaler.GetMetricsRequest{ScaledObjectRef: ref("cart-scaler"), MetricName: discovery.Metric}); status.Code(err) != codes.Unavailable {
		t.Errorf("metric of a stale plan: %v", err)
	}
	if active, err := client.IsActive(t.Context(), ref("cart-scaler")); status.Code(err) != codes.Unavailable {
		t.Errorf("activity by a stale plan: %v, %v", active, err)
	}
}

func TestStream(t *testing.T) {
	s := serve(t, false)
	client := s.dial(t, s.verified(t, "", ""))
	unknown, err := client.StreamIsActive(t.Context(), ref("nobody"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unknown.Recv(); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown ScaledObject: %v", err)
	}
	stream, err := client.StreamIsActive(t.Context(), ref("cart-scaler"))
	if err != nil {
		t.Fatal(err)
	}
	if first, err := stream.Recv(); err != nil || !first.Result {
		t.Fatalf("at once: %v, %v", first, err)
	}
	// An error is no message; neither is the same answer again.
	for !s.clock.HasWaiters() {
		time.Sleep(time.Millisecond)
	}
	s.clock.Step(3 * step)
	s.plan(t, 5)
	s.clock.Step(step)
	messages := make(chan *externalscaler.IsActiveResponse, 1)
	go func() {
		m, err := stream.Recv()
		if err == nil {
			messages <- m
		}
		close(messages)
	}()
	select {
	case m := <-messages:
		t.Errorf("message %v without a change", m)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestOthersAreKeptOut(t *testing.T) {
	s := serve(t, true)
	s.authority.issue(t, s.dir, "keda", x509.ExtKeyUsageClientAuth)
	foreign := t.TempDir()
	newAuthority(t).issue(t, foreign, "keda", x509.ExtKeyUsageClientAuth)
	for name, c := range map[string]struct {
		credentials credentials.TransportCredentials
		code        codes.Code
	}{
		"a certificate of the authority": {s.verified(t, s.dir, "keda"), codes.OK},
		"no certificate":                 {s.verified(t, "", ""), codes.Unavailable},
		"one of another authority":       {s.verified(t, foreign, "keda"), codes.Unavailable},
		"one for servers":                {s.verified(t, s.dir, "tls"), codes.Unavailable},
		"no TLS":                         {insecure.NewCredentials(), codes.Unavailable},
	} {
		if _, err := s.dial(t, c.credentials).IsActive(t.Context(), ref("cart-scaler")); status.Code(err) != c.code {
			t.Errorf("%s: %v, want %v", name, err, c.code)
		}
	}
}

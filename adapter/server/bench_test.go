package server_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/server"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// planned is a board with a plan for n services of one namespace.
func planned(b *testing.B, n int) *externalmetrics.Board {
	b.Helper()
	app := discovery.Application{Name: "shop"}
	f := estimator.NewForecast(nil, 1, time.Hour)
	bounds := map[estimator.Service]plan.Bounds{}
	for i := range n {
		s := estimator.Service{Namespace: "shop", Name: fmt.Sprintf("service-%d", i)}
		bounds[s] = plan.Bounds{Min: 1, Max: 100}
		app.Services = append(app.Services, discovery.Service{Service: s, Application: app.Name, Bounds: bounds[s]})
		f.Services = append(f.Services, s)
		f.Replicas = append(f.Replicas, float64(i%50))
	}
	made, err := plan.Make(plan.DefaultConfig(), f, bounds, plan.Observed{}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	board := externalmetrics.NewBoard(clock.RealClock{}, time.Hour)
	board.Assign([]discovery.Application{app})
	board.Publish(tick.Result{Application: app.Name, Plan: made, At: time.Now()})
	return board
}

// serve runs the real API server with delegated authentication and
// authorisation, both answered by a fake cluster. It returns its URL and a function that
// counts the reviews of authorisation so far.
func serve(b *testing.B, board *externalmetrics.Board) (url string, reviews func() int) {
	b.Helper()
	kube := fakekube.New()
	b.Cleanup(kube.Close)
	kube.User = func(token string) string { return map[string]string{"hpa": "hpa"}[token] }
	kube.Allow = func(user, verb, resource string) bool {
		return user == "hpa" && verb == "list" && resource == discovery.Metric
	}
	kubeconfig := filepath.Join(b.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, kube.Kubeconfig(), 0o600); err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	o := server.NewOptions()
	o.Authentication.RemoteKubeConfigFile, o.Authorization.RemoteKubeConfigFile = kubeconfig, kubeconfig
	o.Authentication.SkipInClusterLookup = true
	o.SecureServing.Listener = listener
	o.SecureServing.ServerCert.CertDirectory = b.TempDir()
	o.ShutdownDelay = 0
	if err := o.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.IPv4(127, 0, 0, 1)}); err != nil {
		b.Fatal(err)
	}
	s, err := server.New(b.Context(), o, server.Content{
		External: externalmetrics.NewProvider(board, nil),
		Self:     http.NotFoundHandler(),
		Live:     healthz.NamedCheck("tick", func(*http.Request) error { return nil }),
		Ready:    healthz.NamedCheck("plan", func(*http.Request) error { return nil }),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- s.PrepareRun().RunWithContext(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return "https://" + listener.Addr().String(), func() (n int) {
		for _, r := range kube.Requests() {
			if strings.Contains(r, "/subjectaccessreviews") {
				n++
			}
		}
		return n
	}
}

// BenchmarkReadOverHTTPS is one read of an HPA past the API aggregator, over a connection
// that is kept, authenticated by token and authorised. Each read is that of another HPA, as
// the controller makes them. It must not depend on the number of services, and reviews of
// the cluster must not either.
func BenchmarkReadOverHTTPS(b *testing.B) {
	for _, n := range []int{41, 1000} {
		b.Run(fmt.Sprintf("direct/services=%d", n), func(b *testing.B) {
			url, reviews := serve(b, planned(b, n))
			get := reader(b, url, n)
			for get("hpa") == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			if code := get("forged"); code != http.StatusUnauthorized {
				b.Fatalf("a forged token gets %d: authentication is off", code)
			}
			b.ReportAllocs()
			before, used := reviews(), processorTime(b)
			for b.Loop() {
				if code := get("hpa"); code != http.StatusOK {
					b.Fatalf("status %d", code)
				}
			}
			b.ReportMetric(float64(reviews()-before)/float64(b.N), "reviews/op")
			b.ReportMetric(float64((processorTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// reader returns a function that reads the metric of one of n services after the other as
// the owner of a token, and returns the status; 0 while there is no connection.
func reader(b *testing.B, url string, n int) func(token string) int {
	b.Helper()
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		// The certificate is not what is measured; the handshake is made once.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // self-signed, for the benchmark
	}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	var next atomic.Int64
	return func(token string) int {
		path := fmt.Sprintf("/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/%s?labelSelector=service%%3Dservice-%d", discovery.Metric, next.Add(1)%int64(n))
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			b.Error(err)
			return 0
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			return 0
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			b.Error(err)
		}
		return response.StatusCode
	}
}

// BenchmarkReadsAtRate offers 1,000 reads per second, whether earlier ones have been
// answered or not, and reports the quantiles of the time until the answer. It needs a machine without other work, and
// -benchtime 10000x for ten seconds.
func BenchmarkReadsAtRate(b *testing.B) {
	for _, n := range []int{41, 1000} {
		b.Run(fmt.Sprintf("direct/services=%d", n), func(b *testing.B) {
			url, _ := serve(b, planned(b, n))
			get := reader(b, url, n)
			for get("hpa") == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			took := make([]time.Duration, b.N)
			var reads sync.WaitGroup
			b.ResetTimer()
			began, used := time.Now(), processorTime(b)
			for i := range took {
				due := began.Add(time.Duration(i) * time.Millisecond)
				time.Sleep(time.Until(due))
				reads.Go(func() {
					if code := get("hpa"); code != http.StatusOK {
						b.Errorf("status %d", code)
					}
					took[i] = time.Since(due)
				})
			}
			reads.Wait()
			b.ReportMetric(float64((processorTime(b)-used).Microseconds())/float64(b.N), "cpu-µs/op")
			slices.Sort(took)
			for _, q := range []float64{0.5, 0.99} {
				b.ReportMetric(took[int(q*float64(b.N-1))].Seconds()*1000, fmt.Sprintf("p%.0f-ms", 100*q))
			}
		})
	}
}

// processorTime is that of client and server so far, which other programs do not lengthen.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

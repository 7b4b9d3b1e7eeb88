package stack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/controlplane/process"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/live"
)

// ApplicationOptions configures [Stack.StartApplication].
type ApplicationOptions struct {
	// Description is the name of an application of the testbed, or a file.
	Description string
	// Namespace to create for it.
	Namespace string
	// Replicas of every service at the start; 0 means those of the description.
	Replicas int
	// Load are the flags of the testbed's load.
	Load []string
	// Tracing sends sampled spans to a Jaeger.
	Tracing bool
}

// Application is an application under load. Prometheus and Jaeger outlive it.
type Application struct {
	Namespace string
	// Services are the names of its Deployments.
	Services   []string
	SLO        time.Duration
	Prometheus *controlplane.PrometheusServer
	// Jaeger is nil unless tracing was asked for.
	Jaeger  *controlplane.JaegerServer
	Testbed *process.Process

	stack *Stack
	url   string
}

// StartApplication creates the Deployments of an application, serves their
// requests and scrapes their telemetry. A stack runs one application at a time.
func (s *Stack) StartApplication(ctx context.Context, opts ApplicationOptions) (_ *Application, err error) {
	description, err := app.Load(opts.Description)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(app.Builtin(), opts.Description) {
		// The testbed runs in a directory of its own.
		if opts.Description, err = filepath.Abs(opts.Description); err != nil {
			return nil, fmt.Errorf("start %s: %w", opts.Description, err)
		}
	}
	a := &Application{Namespace: opts.Namespace, SLO: time.Duration(description.SLO.Latency), stack: s}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}()
	for i := range description.Services {
		s := &description.Services[i]
		a.Services = append(a.Services, s.Name)
		s.Replicas = cmp.Or(opts.Replicas, s.Replicas)
	}
	if err := s.deploy(ctx, description, opts.Namespace); err != nil {
		return nil, err
	}
	if err := s.observe(ctx, opts.Tracing); err != nil {
		return nil, err
	}
	a.Prometheus = s.prometheus
	if opts.Tracing {
		a.Jaeger = s.jaeger
	}
	return a, a.startTestbed(ctx, opts)
}

func (a *Application) startTestbed(ctx context.Context, opts ApplicationOptions) (err error) {
	address := a.stack.testbed
	a.url = "http://" + address
	args := []string{
		"serve", "--app", opts.Description, "--listen", address,
		"--kubeconfig", a.stack.Cluster.Kubeconfig(), "--namespace", opts.Namespace,
	}
	if a.Jaeger != nil {
		args = append(args, "--otlp-endpoint", a.Jaeger.OTLPHTTPEndpoint())
	}
	a.Testbed, err = a.stack.Cluster.StartProcess(ctx, process.Spec{
		Name: "testbed-" + opts.Namespace, Path: a.stack.Programs.Testbed, Args: append(args, opts.Load...),
		Ready: func(ctx context.Context) error {
			_, err := a.get(ctx, "/healthz")
			return err
		},
	})
	return err
}

// SetLoad makes users send that many requests per second from now on.
func (a *Application) SetLoad(ctx context.Context, rps float64) error {
	body, err := json.Marshal(map[string]float64{"rps": rps})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/load", bytes.NewReader(body))
	if err != nil {
		return err
	}
	_, err = do(request)
	return err
}

// Status returns what users see and how every service does.
func (a *Application) Status(ctx context.Context) (live.Status, error) {
	var status live.Status
	body, err := a.get(ctx, "/status")
	if err != nil {
		return status, err
	}
	if err := json.Unmarshal(body, &status); err != nil {
		return status, fmt.Errorf("status of the testbed: %w", err)
	}
	return status, nil
}

// Ready returns the ready replicas of every service.
func (a *Application) Ready(ctx context.Context) (map[string]int32, error) {
	return a.deployments(ctx, func(d *appsv1.Deployment) int32 { return d.Status.ReadyReplicas })
}

// Asked returns the replicas that every Deployment was last scaled to.
func (a *Application) Asked(ctx context.Context) (map[string]int32, error) {
	return a.deployments(ctx, func(d *appsv1.Deployment) int32 { return *d.Spec.Replicas })
}

func (a *Application) deployments(ctx context.Context, of func(*appsv1.Deployment) int32) (map[string]int32, error) {
	list, err := a.stack.Client.AppsV1().Deployments(a.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the deployments of %s: %w", a.Namespace, err)
	}
	counts := make(map[string]int32, len(list.Items))
	for i := range list.Items {
		counts[list.Items[i].Name] = of(&list.Items[i])
	}
	return counts, nil
}

// Stop ends the load and deletes the namespace.
func (a *Application) Stop(ctx context.Context) error {
	var errs []error
	if a.Testbed != nil {
		errs = append(errs, a.Testbed.Stop(ctx))
	}
	errs = append(errs, a.stack.Client.CoreV1().Namespaces().Delete(ctx, a.Namespace, metav1.DeleteOptions{}))
	return errors.Join(errs...)
}

func (s *Stack) createNamespace(ctx context.Context, name string) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := s.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	return nil
}

func (a *Application) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+path, nil)
	if err != nil {
		return nil, err
	}
	return do(request)
}

func do(request *http.Request) ([]byte, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", request.Method, request.URL, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, response.Status, body)
	}
	return body, nil
}

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/test/stack"
)

const (
	hpaSync  = 2 * time.Second
	podStart = 2 * time.Second
	step     = 2 * time.Second
	// scaleIn is how long the tests' HPAs wait before they scale in.
	scaleIn = 4 * time.Second
	// patience bounds every wait. Load on the machine may use it up; nothing
	// that works needs it.
	patience = 5 * time.Minute
)

// site is one application under load with the adapter that scales it.
type site struct {
	*stack.Application
	plane   *stack.Stack
	adapter *stack.Adapter
}

// start brings up the chain application (see testdata) at the given load in requests per
// second, with replicas of every service that are enough for it, an adapter and one HPA for
// each of its services.
func start(t *testing.T, rps float64, replicas int) *site {
	t.Helper()
	t.Parallel()
	return startWith(t, replicas, nil, "--rps", fmt.Sprint(rps))
}

// startWith is start under a load that has the given flags, with changes to the adapter.
func startWith(t *testing.T, replicas int, change func(*stack.AdapterOptions), load ...string) *site {
	t.Helper()
	plane := shared.take(t)
	ctx := deadline(t)
	namespace := strings.ToLower(t.Name())
	application, err := plane.StartApplication(ctx, stack.ApplicationOptions{
		Description: "testdata/chain.yaml",
		Namespace:   namespace,
		Replicas:    replicas,
		Load:        load,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, application.Stop) })
	for _, service := range application.Services {
		create(t, plane, stack.HPA(namespace, service, 1, 40, scaleIn))
	}
	options := stack.AdapterOptions{
		Name:       "adapter-" + namespace,
		Prometheus: application.Prometheus.URL(),
		Step:       step,
		Window:     12,
		RateWindow: 4 * time.Second,
		LeadTime:   hpaSync + podStart + step,
		SLO:        application.SLO,
	}
	if change != nil {
		change(&options)
	}
	adapter, err := plane.StartAdapter(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, adapter.Stop) })
	return &site{Application: application, plane: plane, adapter: adapter}
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func stopped(t *testing.T, stop func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := stop(ctx); err != nil {
		t.Error(err)
	}
}

func create(t *testing.T, plane *stack.Stack, hpa *autoscalingv2.HorizontalPodAutoscaler) {
	t.Helper()
	if _, err := plane.Client.AutoscalingV2().HorizontalPodAutoscalers(hpa.Namespace).Create(t.Context(), hpa, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	if err := stack.Eventually(deadline(t), what, check); err != nil {
		t.Fatal(err)
	}
}

// item reads the whole metric value of one service.
func (s *site) item(ctx context.Context, service string) (external.ExternalMetricValue, error) {
	list, err := stack.DesiredReplicas(ctx, s.plane.Client.CoreV1().RESTClient(), s.Namespace, service)
	if err != nil {
		return external.ExternalMetricValue{}, err
	}
	if len(list.Items) != 1 {
		return external.ExternalMetricValue{}, fmt.Errorf("%d items for service %s, want 1", len(list.Items), service)
	}
	return list.Items[0], nil
}

// desired reads the metric of one service through the API aggregator.
func (s *site) desired(ctx context.Context, service string) (int64, error) {
	item, err := s.item(ctx, service)
	return item.Value.Value(), err
}

// settled waits until every service has a desired count, at least minimum, and as many
// ready replicas, give or take the one that noise in the load moves, for two steps.
func (s *site) settled(t *testing.T, minimum int64) {
	t.Helper()
	since := time.Now()
	eventually(t, "the application has settled", func(ctx context.Context) error {
		if err := s.provisioned(ctx, minimum); err != nil {
			since = time.Now()
			return err
		}
		if time.Since(since) < 2*step {
			return errors.New("waiting for it to stay")
		}
		return nil
	})
}

func (s *site) provisioned(ctx context.Context, minimum int64) error {
	ready, err := s.Ready(ctx)
	if err != nil {
		return err
	}
	for _, service := range s.Services {
		n, err := s.desired(ctx, service)
		if err != nil {
			return err
		}
		if off := n - int64(ready[service]); n < minimum || off < -1 || off > 1 {
			return fmt.Errorf("%s has %d ready, desired is %d (at least %d expected)", service, ready[service], n, minimum)
		}
	}
	return nil
}

// asked returns the replicas that every Deployment was last scaled to.
func (s *site) asked(ctx context.Context) (map[string]int32, error) {
	list, err := s.plane.Client.AppsV1().Deployments(s.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	asked := map[string]int32{}
	for i := range list.Items {
		asked[list.Items[i].Name] = *list.Items[i].Spec.Replicas
	}
	return asked, nil
}

func (s *site) hpa(ctx context.Context, name string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	return s.plane.Client.AutoscalingV2().HorizontalPodAutoscalers(s.Namespace).Get(ctx, name, metav1.GetOptions{})
}

func condition(hpa *autoscalingv2.HorizontalPodAutoscaler, kind autoscalingv2.HorizontalPodAutoscalerConditionType) string {
	for _, c := range hpa.Status.Conditions {
		if c.Type == kind {
			return string(c.Status) + " " + c.Reason
		}
	}
	return "absent"
}

// as returns a client with the rights of another user.
func as(t *testing.T, config *rest.Config) rest.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client.CoreV1().RESTClient()
}

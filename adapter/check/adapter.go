package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/registration"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// deployment is the name of the adapter's Deployment, and the label of its pods.
const deployment = "deepscaler-adapter"

// adapter reports the pods of the adapter.
func (c *Checker) adapter(ctx context.Context, system string) *section {
	s := &section{name: "adapter"}
	pods, err := c.Client.CoreV1().Pods(system).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + deployment})
	if err != nil {
		s.add(Unknown, "pods", "", "list pods in namespace %s: %v", system, err)
		return s
	}
	if len(pods.Items) == 0 {
		s.add(Failed, "pods", "kubectl apply --server-side -k manifests/base, or give --adapter-namespace", "there are none in namespace %s", system)
		return s
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if isReady(pod) {
			s.add(OK, pod.Name, "", "ready")
			continue
		}
		s.add(Warning, pod.Name, fmt.Sprintf("kubectl -n %s logs %s -c adapter", system, pod.Name), "not ready: %s", whyNot(pod))
	}
	if !slices.ContainsFunc(s.items, func(i Item) bool { return i.Status == OK }) {
		s.add(Failed, "pods", "", "none of %d is ready", len(pods.Items))
	}
	return s
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// whyNot returns why a pod is not ready.
func whyNot(pod *corev1.Pod) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := status.State.Waiting; w != nil && w.Reason != "PodInitializing" {
			return fmt.Sprintf("container %s waits: %s", status.Name, w.Reason)
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status != corev1.ConditionTrue && condition.Message != "" {
			return condition.Message
		}
	}
	return string(pod.Status.Phase)
}

// configuration returns the configuration to read telemetry with, nil if there is none, and
// whether it is that of the adapter.
func (c *Checker) configuration(ctx context.Context, system string) (file *config.Adapter, known bool, s *section) {
	s = &section{name: "prometheus"}
	var from string
	var err error
	if c.Config != nil {
		given := *c.Config
		file, from = &given, "--config"
	} else {
		from = "the configuration of the adapter"
		file, err = c.deployed(ctx, system)
	}
	switch {
	case err != nil && c.PrometheusURL == "":
		s.add(Unknown, "address", "give --prometheus-url, such as http://localhost:9090 behind kubectl port-forward", "read %s: %v", from, err)
		return nil, false, s
	case err != nil:
		file, from = config.Default(), "--prometheus-url and the defaults, because the configuration of the adapter cannot be read"
	case c.PrometheusURL != "" && c.Config == nil:
		// Credentials and authorities of the adapter are files in its pod.
		file.Telemetry.Prometheus.HTTP = telemetry.DefaultConfig().Prometheus.HTTP
		file.Telemetry.Jaeger.URL = ""
	}
	file.Telemetry.Prometheus.URL = cmp.Or(c.PrometheusURL, file.Telemetry.Prometheus.URL)
	file.Telemetry.Preset = cmp.Or(c.Preset, file.Telemetry.Preset)
	s.add(OK, "address", "", "%s, preset %s, scraped every %v, from %s", file.Telemetry.Prometheus.URL, file.Telemetry.Preset, file.Telemetry.ScrapeInterval, from)
	return file, err == nil, s
}

// deployed returns the configuration in the ConfigMap that the adapter mounts.
func (c *Checker) deployed(ctx context.Context, system string) (*config.Adapter, error) {
	d, err := c.Client.AppsV1().Deployments(system).Get(ctx, deployment, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.ConfigMap == nil {
			continue
		}
		object, err := c.Client.CoreV1().ConfigMaps(system).Get(ctx, v.ConfigMap.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		if text, ok := object.Data["config.yaml"]; ok {
			return config.Decode([]byte(text))
		}
	}
	return nil, errors.New("no ConfigMap of the Deployment has a config.yaml")
}

// lateSteps is the number of steps after which a plan is late.
const lateSteps = 3

// plan reports what the adapter plans, read as an autoscaler reads it.
func (c *Checker) plan(ctx context.Context, namespace string, owners []registration.API) *section {
	s := &section{name: "plan"}
	if owners != nil && !leads(owners, discovery.External) && !leads(owners, discovery.Object) {
		s.add(Unknown, "metric", "see docs/beside-others.md on asking the adapter itself", "no metrics API leads to DeepScaler, so its plans cannot be read")
		return s
	}
	d, err := c.Adapter.Describe(ctx, explain.Query{Namespace: namespace})
	switch {
	case apierrors.IsForbidden(err):
		s.add(Unknown, "metric", "", "%v", err)
		return s
	case err != nil:
		s.add(Failed, "metric", "", "%v", err)
		return s
	case len(d.Services) == 0:
		s.add(Failed, "metric", "kubectl deepscaler hpa -n "+namespace+" prints autoscalers", "the adapter plans no service of the namespace: no autoscaler follows the metric")
	}
	for _, a := range d.Applications {
		switch age := d.Now.Sub(a.Planned).Round(time.Second); {
		case a.Problem != "":
			s.add(Failed, "application "+a.Name, "see docs/troubleshooting.md", "the last tick made no plan: %s", a.Problem)
		case a.Planned.IsZero():
			s.add(Failed, "application "+a.Name, "look again in a minute", "no plan yet")
		case age > lateSteps*time.Duration(d.Step):
			s.add(Failed, "application "+a.Name, "", "the last plan is %v old, with a step of %v", age, time.Duration(d.Step))
		default:
			s.add(OK, "application "+a.Name, "", "planned %v ago", age)
		}
	}
	for _, v := range d.Services {
		switch {
		case v.Problem != "":
			s.add(Failed, v.Name, "", "%s", v.Problem)
		case v.Desired != nil && v.Served != nil:
			s.add(OK, v.Name, "", "%d replicas by %s, in shadow", *v.Desired, v.Estimator)
		case v.Desired != nil:
			s.add(OK, v.Name, "", "%d replicas by %s", *v.Desired, v.Estimator)
		}
	}
	return s
}

package manifests_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/hpagenerator"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// workloads are what a user has before DeepScaler: one Deployment that CPU scales, one
// that nothing scales, and a StatefulSet.
const workloads = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: generated}
spec:
  replicas: 3
  selector: {matchLabels: {app: any}}
  template: {metadata: {labels: {app: any}}, spec: {containers: [{name: c, image: c}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: generated}
spec:
  replicas: 1
  selector: {matchLabels: {app: any}}
  template: {metadata: {labels: {app: any}}, spec: {containers: [{name: c, image: c}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: queue, namespace: generated}
spec:
  replicas: 0
  serviceName: queue
  selector: {matchLabels: {app: any}}
  template: {metadata: {labels: {app: any}}, spec: {containers: [{name: c, image: c}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web-cpu, namespace: generated}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 9
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
`

// testGenerated has the API server check what kubectl deepscaler hpa prints, on the
// existing autoscaler too.
func (s *site) testGenerated(t *testing.T) {
	s.mustKubectl(t, nil, "create", "namespace", "generated")
	s.mustKubectl(t, []byte(workloads), "apply", "--server-side", "-f", "-")
	for _, way := range []discovery.Way{discovery.External, discovery.Object} {
		g := hpagenerator.Generator{Client: s.client, Way: way}
		r, err := g.Generate(t.Context(), "generated")
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Autoscalers) != 2 || len(r.Notes) != 1 {
			t.Errorf("%d autoscalers and the notes %q, want 2 and one note about the StatefulSet", len(r.Autoscalers), r.Notes)
		}
		var stream bytes.Buffer
		if err := hpagenerator.WriteYAML(&stream, r.Autoscalers); err != nil {
			t.Fatal(err)
		}
		if err := s.dryRun(t.Context(), stream.Bytes()); err != nil {
			t.Errorf("%s: %v\n%s", way, err, &stream)
		}
		s.mustKubectl(t, stream.Bytes(), "apply", "--dry-run=server", "-f", "-")
	}
	if err := s.client.CoreV1().Namespaces().Delete(t.Context(), "generated", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

// testMinimalPrometheus has a namespace of restricted pods admit it without a warning.
func (s *site) testMinimalPrometheus(t *testing.T) {
	s.mustKubectl(t, nil, "label", "namespace", "monitoring", "--overwrite", "pod-security.kubernetes.io/warn=restricted")
	stream, objects := s.render(t, "overlays/getting-started")
	find(t, objects, "Deployment", "prometheus")
	if err := s.dryRun(t.Context(), stream); err != nil {
		t.Error(err)
	}
}

// packetQuery returns the query for requests where there is no mesh, filled in.
func packetQuery(t *testing.T) string {
	t.Helper()
	file, err := config.Load(root + "/manifests/overlays/getting-started-without-mesh/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("{{.Namespaces}}", "shop", "{{.Matchers}}", "", "{{.RateWindow}}", "30s", "{{.Workload}}", "(.+)",
		"{{.Exceptions}}", "", "{{.EndExceptions}}", "").Replace(file.Telemetry.Queries[string(estimator.Requests)])
}

// The minimal Prometheus keeps what the presets of its overlays read, and nothing else.
// The metrics of kube-state-metrics are alternatives to those of the kubelets.
func TestMinimalPrometheusKeepsWhatIsRead(t *testing.T) {
	content, err := os.ReadFile(root + "/manifests/components/prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		ScrapeConfigs []struct {
			JobName              string `json:"job_name"`
			MetricRelabelConfigs []struct {
				Action, Regex string
			} `json:"metric_relabel_configs"`
		} `json:"scrape_configs"`
	}
	if err := sigsyaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	withoutMesh, err := config.Load(root + "/manifests/overlays/getting-started-without-mesh/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	linkerd := telemetry.DefaultConfig()
	linkerd.Preset, linkerd.Prometheus.URL = telemetry.PresetLinkerd, withoutMesh.Telemetry.Prometheus.URL
	read := map[string]bool{}
	istio := linkerd
	istio.Preset = telemetry.PresetIstio
	for _, c := range []telemetry.Config{istio, linkerd, withoutMesh.Telemetry} {
		source, err := telemetry.New(c, estimator.DefaultFeatures(), withoutMesh.Window, withoutMesh.Step)
		if err != nil {
			t.Fatal(err)
		}
		for _, feature := range estimator.DefaultFeatures() {
			for _, metric := range source.Metrics(feature) {
				read[metric] = !strings.HasPrefix(metric, "kube_")
			}
		}
	}
	kept := map[string]bool{}
	for _, job := range file.ScrapeConfigs {
		if len(job.MetricRelabelConfigs) != 1 || job.MetricRelabelConfigs[0].Action != "keep" {
			t.Fatalf("job %s has the rules %v, want one that keeps", job.JobName, job.MetricRelabelConfigs)
		}
		keep := regexp.MustCompile("^(?:" + job.MetricRelabelConfigs[0].Regex + ")$")
		for metric := range read {
			kept[metric] = kept[metric] || keep.MatchString(metric)
		}
		if keep.MatchString("go_goroutines") || keep.MatchString("container_fs_reads_total") {
			t.Errorf("job %s keeps what nobody reads", job.JobName)
		}
	}
	for metric, want := range read {
		if kept[metric] != want {
			t.Errorf("%s is kept: %t, want %t", metric, kept[metric], want)
		}
	}
	if len(read) < 10 {
		t.Errorf("the presets read only %v", read)
	}
}

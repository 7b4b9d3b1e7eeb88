package manifests_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
)

// equals are the values with which the chart renders what kustomizations have together.
var equals = []struct {
	values string
	dirs   []string
}{
	{"{}", []string{"base"}},
	{"{apis: both}", []string{"overlays/both-apis"}},
	{"{apis: custom}", []string{"overlays/custom-metrics"}},
	{"{apis: custom, keda: {enabled: true}}", []string{"overlays/keda"}},
	{"{certificates: {issuer: cert-manager}}", []string{"overlays/cert-manager"}},
	{"{prometheusOperator: {enabled: true}}", []string{"overlays/prometheus-operator"}},
	{"{certificates: {issuer: cert-manager}, prometheusOperator: {enabled: true}, dashboard: {enabled: true}}", []string{"overlays/full"}},
	{"{prometheus: {install: true, namespace: monitoring}}", []string{"overlays/getting-started"}},
	{"{prometheus: {install: true, namespace: monitoring, withoutMesh: true}}", []string{"overlays/getting-started-without-mesh"}},
	{"{scheduler: {enabled: true}}", []string{"base", "scheduler"}},
	{"{scheduler: {enabled: true, scaleIn: true}}", []string{"base", "overlays/scheduler-scale-in"}},
	{"{apis: custom, keda: {enabled: true}, scheduler: {enabled: true}}", []string{"overlays/keda", "overlays/scheduler-beside-keda"}},
	{"{capacityBuffers: {enabled: true}}", []string{"overlays/capacity-buffers"}},
}

// everything switches on what can be on at once.
const everything = `{apis: both, keda: {enabled: true}, prometheus: {install: true, withoutMesh: true}, dashboard: {enabled: true},
  prometheusOperator: {enabled: true}, scheduler: {enabled: true, scaleIn: true}, capacityBuffers: {enabled: true}}`

// chart runs helm with homes of its own.
type chart struct {
	helm, kubectl, home string
}

func newChart(t *testing.T) chart {
	t.Helper()
	programs, err := controlplane.Build(t.Context(), controlplane.BuildOptions{
		Components: []controlplane.Component{controlplane.Helm, controlplane.Kubectl}, Progress: logLines{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	return chart{helm: programs[controlplane.Helm], kubectl: programs[controlplane.Kubectl], home: t.TempDir()}
}

// run gives helm the values on its standard input.
func (c chart) run(ctx context.Context, values string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.helm, args...)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+c.home, "HELM_CONFIG_HOME="+c.home, "HELM_DATA_HOME="+c.home)
	cmd.Stdin = strings.NewReader(values)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("helm %s: %w: %s%s", strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String(), nil
}

func (c chart) template(ctx context.Context, namespace, values string) (string, error) {
	return c.run(ctx, values, "template", "deepscaler", root+"/manifests/chart", "--namespace", namespace, "--kube-version", "1.37", "--values", "-")
}

func (c chart) render(t *testing.T, values string) (string, []*unstructured.Unstructured) {
	t.Helper()
	stream, err := c.template(t.Context(), system, values)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifests.Decode([]byte(stream))
	if err != nil {
		t.Fatal(err)
	}
	return stream, objects
}

func TestChartHasTheObjectsOfTheKustomizations(t *testing.T) {
	c := newChart(t)
	compared := []string{}
	for _, tt := range equals {
		_, rendered := c.render(t, tt.values)
		var kustomized []*unstructured.Unstructured
		for _, dir := range tt.dirs {
			compared = append(compared, dir)
			stream, err := manifests.Render(t.Context(), c.kubectl, filepath.Join(root, "manifests", dir))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := manifests.Decode(stream)
			if err != nil {
				t.Fatal(err)
			}
			kustomized = append(kustomized, objects...)
		}
		if diff := cmp.Diff(byName(t, kustomized), byName(t, rendered)); diff != "" {
			t.Errorf("%s (-%s +chart):\n%s", tt.values, strings.Join(tt.dirs, " and "), diff)
		}
	}
	dirs, err := manifests.Kustomizations(root + "/manifests")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if !slices.Contains(compared, dir) && !strings.HasPrefix(dir, "examples/") {
			t.Errorf("no values are known that make the chart equal to %s", dir)
		}
	}
}

// hashed matches the suffix that kustomize gives to the name of a ConfigMap.
var hashed = regexp.MustCompile(`^(deepscaler-adapter|deepscaler-scheduler-config|prometheus)-[a-z0-9]{10}$`)

// byName returns the objects by kind and name without what differs between helm and
// kustomize on purpose: namespaces, which helm creates; hashes, which are in the names of
// ConfigMaps or in an annotation; labels of the whole; comments in the configuration.
func byName(t *testing.T, objects []*unstructured.Unstructured) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			continue
		}
		labels := object.GetLabels()
		for _, label := range []string{"app.kubernetes.io/part-of", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"} {
			delete(labels, label)
		}
		if object.SetLabels(labels); len(labels) == 0 {
			unstructured.RemoveNestedField(object.Object, "metadata", "labels")
		}
		annotations, _, _ := unstructured.NestedStringMap(object.Object, "spec", "template", "metadata", "annotations")
		delete(annotations, "checksum/config")
		if unstructured.RemoveNestedField(object.Object, "spec", "template", "metadata", "annotations"); len(annotations) > 0 {
			if err := unstructured.SetNestedStringMap(object.Object, annotations, "spec", "template", "metadata", "annotations"); err != nil {
				t.Fatal(err)
			}
		}
		if text, ok, _ := unstructured.NestedString(object.Object, "data", "config.yaml"); ok {
			if err := unstructured.SetNestedField(object.Object, effective(t, text), "data", "config.yaml"); err != nil {
				t.Fatal(err)
			}
		}
		key := object.GetKind() + " " + object.GetNamespace() + "/" + hashed.ReplaceAllString(object.GetName(), "$1")
		if all[key] != nil {
			t.Errorf("%s is there twice", key)
		}
		all[key] = withoutHashes(object.Object)
	}
	return all
}

func withoutHashes(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = withoutHashes(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = withoutHashes(inner)
		}
	case string:
		return hashed.ReplaceAllString(v, "$1")
	}
	return v
}

// effective returns the configuration that an adapter would have, with its defaults.
func effective(t *testing.T, text string) string {
	t.Helper()
	file, err := config.Decode([]byte(text))
	if err != nil {
		t.Fatalf("the adapter would refuse its configuration: %v\n%s", err, text)
	}
	out, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestChartFollowsItsValues(t *testing.T) {
	c := newChart(t)
	for _, tt := range []struct {
		values       string
		has, hasNone []string
	}{
		{"{learner: {enabled: false}}", nil, []string{"exchange", "name: learner", "initContainers"}},
		{"{image: {repository: r.example.com:5000/d, tag: v1}, scheduler: {enabled: true}}", []string{"image: r.example.com:5000/d:v1\n", "image: r.example.com:5000/d-scheduler:v1\n"}, []string{":latest"}},
		{"{image: {digest: sha256:" + strings.Repeat("a", 64) + "}}", []string{"image: deepscaler@sha256:aaa"}, []string{"deepscaler:latest"}},
		{"{networkPolicy: {enabled: false}, podDisruptionBudget: {enabled: false}}", nil, []string{"NetworkPolicy", "PodDisruptionBudget"}},
		{"{networkPolicy: {prometheus: {namespace: metrics, port: 8481}, extraEgress: [{to: [{ipBlock: {cidr: 192.0.2.1/32}}]}]}}", []string{"metadata.name: metrics", "port: 8481", "cidr: 192.0.2.1/32"}, []string{"metadata.name: monitoring", "port: 9090"}},
		{"{certificates: {issuer: cert-manager, issuerRef: {kind: ClusterIssuer, name: internal}}}", []string{"kind: ClusterIssuer\n    name: internal", "cert-manager.io/inject-ca-from: deepscaler-system/deepscaler-adapter"}, []string{"kind: Issuer", "resources:\n  - secrets"}},
		{"{config: {models: {maxBytes: 134217728}, telemetry: {prometheus: {url: https://thanos.example.com}}}}", []string{"maxBytes: 134217728", "url: https://thanos.example.com", "exchange: /var/run/deepscaler/exchange", "scrapeInterval: 15s"}, []string{"prometheus-operated"}},
		{"{prometheus: {install: true}}", []string{"url: http://prometheus.deepscaler-system.svc:9090", "image: quay.io/prometheus/prometheus:v3.16.0"}, []string{"monitoring\n"}},
		{"{extraArgs: [--v=4], extraVolumes: [{name: token, secret: {secretName: token}}], extraVolumeMounts: [{name: token, mountPath: /token}], tolerations: [{operator: Exists}], podLabels: {team: a}, podAnnotations: {b: c}, imagePullSecrets: [{name: registry}], priorityClassName: \"\"}",
			[]string{"- --v=4", "secretName: token", "mountPath: /token", "operator: Exists", "team: a", "b: c", "name: registry"}, []string{"priorityClassName"}},
	} {
		stream, objects := c.render(t, tt.values)
		byName(t, objects)
		for _, want := range tt.has {
			if !strings.Contains(stream, want) {
				t.Errorf("%s: lacks %q", tt.values, want)
			}
		}
		for _, want := range tt.hasNone {
			if strings.Contains(stream, want) {
				t.Errorf("%s: has %q", tt.values, want)
			}
		}
	}
}

// The name of the namespace is in subjects, selectors, certificates and expressions.
func TestChartGoesIntoAnyNamespace(t *testing.T) {
	c := newChart(t)
	for _, values := range []string{everything, "{certificates: {issuer: cert-manager}}"} {
		stream, err := c.template(t.Context(), "elsewhere", values)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(stream) {
			if strings.Contains(line, system) || strings.Contains(line, "namespace: monitoring") {
				t.Errorf("%s: %s", values, line)
			}
		}
		if strings.Contains(stream, "insecureSkipTLSVerify") {
			t.Errorf("%s: an API is trusted without verification", values)
		}
	}
}

// Helm refuses what cannot work before it applies anything, and names it.
func TestChartRefusesBadValues(t *testing.T) {
	c := newChart(t)
	for values, want := range map[string]string{
		"{replica: 3}":             "additional properties 'replica' not allowed",
		"{replicas: 0}":            "at '/replicas': minimum: got 0, want 1",
		"{replicas: two}":          "at '/replicas': got string, want integer",
		"{apis: all}":              "at '/apis': value must be one of 'external', 'custom', 'both'",
		"{learner: {enable: no}}":  "at '/learner': additional properties 'enable' not allowed",
		"{image: {digest: abc}}":   "at '/image/digest': 'abc' does not match pattern",
		"{goMemLimit: 112M}":       "at '/goMemLimit'",
		"{resources: {limit: {}}}": "at '/resources': additional properties 'limit' not allowed",
		"{config: {telemetry: {prometheus: {ulr: http://p}}}}":                             "at '/config/telemetry/prometheus': additional properties 'ulr' not allowed",
		"{config: {kind: AdapterConfiguration}}":                                           "additional properties 'kind' not allowed",
		"{config: {step: 15}}":                                                             "at '/config/step': got number, want string",
		"{config: {defaults: {leadTime: 1 minute}}}":                                       "at '/config/defaults/leadTime'",
		"{apis: custom, scheduler: {enabled: true, scaleIn: true}}":                        "scheduler.scaleIn needs the external metrics API, from which the plugin reads: set apis to external or both",
		"{apis: custom, certificates: {issuer: cert-manager}, scheduler: {enabled: true}}": "set certificates.issuer to adapter",
		"{certificates: {issuer: cert-manager, issuerRef: {nam: x}}}":                      "additional properties 'nam' not allowed",
	} {
		out, err := c.template(t.Context(), system, values)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q\n%s", values, err, want, out)
		}
	}
}

func TestChartPassesHelmLint(t *testing.T) {
	c := newChart(t)
	for _, values := range []string{"{}", everything} {
		if out, err := c.run(t.Context(), values, "lint", "--strict", "--values", "-", root+"/manifests/chart"); err != nil {
			t.Errorf("%s: %v\n%s", values, err, out)
		}
	}
}

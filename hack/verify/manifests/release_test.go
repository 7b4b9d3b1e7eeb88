package manifests_test

import (
	"encoding/base64"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testChart has the API server check what the chart renders, and leads a release through
// its life. Nothing of DeepScaler may be there before, and nothing is after.
func (s *site) testChart(t *testing.T) {
	c := newChart(t)
	for _, namespace := range []string{system, "monitoring"} {
		_, _ = s.kubectl(t.Context(), nil, "create", "namespace", namespace)
	}
	for _, tt := range equals {
		stream, _ := c.render(t, tt.values)
		if err := s.dryRun(t.Context(), []byte(stream)); err != nil {
			t.Errorf("%s: %v", tt.values, err)
		}
	}
	stream, _ := c.render(t, everything)
	if err := s.dryRun(t.Context(), []byte(stream)); err != nil {
		t.Errorf("%s: %v", everything, err)
	}
	s.testForeignAPI(t, c)
	s.testRelease(t, c)
}

func (s *site) helm(t *testing.T, c chart, values string, args ...string) (string, error) {
	t.Helper()
	return c.run(t.Context(), values, append(args, "--kubeconfig", s.cluster.Kubeconfig(), "--namespace", system)...)
}

// foreign is the external metrics API of somebody else.
const foreign = `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.external.metrics.k8s.io}
spec:
  group: external.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {namespace: keda, name: keda-operator-metrics-apiserver, port: 443}
`

// An API that another server has is not taken, and an installation beside it works.
func (s *site) testForeignAPI(t *testing.T, c chart) {
	s.mustKubectl(t, []byte(foreign), "apply", "-f", "-")
	_, err := s.helm(t, c, "{}", "install", "deepscaler", root+"/manifests/chart", "--values", "-")
	if err == nil || !strings.Contains(err.Error(), apiService) {
		t.Errorf("got %v, want a refusal to take %s", err, apiService)
	}
	owner := s.mustKubectl(t, nil, "get", "apiservice", apiService, "-o", "jsonpath={.spec.service.namespace}")
	if owner != "keda" {
		t.Errorf("the API leads to namespace %s, want keda", owner)
	}
	if _, err := s.helm(t, c, "{apis: custom}", "install", "deepscaler", root+"/manifests/chart", "--values", "-"); err != nil {
		t.Error(err)
	}
	if _, err := s.helm(t, c, "", "uninstall", "deepscaler"); err != nil {
		t.Error(err)
	}
	s.mustKubectl(t, nil, "delete", "apiservice", apiService)
}

// An upgrade keeps what the adapter wrote, and uninstalling leaves autoscalers alone.
func (s *site) testRelease(t *testing.T, c chart) {
	notes, err := s.helm(t, c, "{}", "install", "deepscaler", root+"/manifests/chart", "--values", "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kubectl get apiservice " + apiService, "kubectl deepscaler hpa -n shop | kubectl apply -f -", "kubectl deepscaler check -n shop\n"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
	autoscalers := s.client.AutoscalingV2().HorizontalPodAutoscalers("default")
	s.mustKubectl(t, nil, "create", "deployment", "web", "--image=web")
	s.mustKubectl(t, nil, "autoscale", "deployment", "web", "--min=2", "--max=5", "--cpu=50%")
	before, err := autoscalers.Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}

	// What the adapter does, as itself.
	authority := base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\n" + "MIIB\n-----END CERTIFICATE-----\n"))
	s.mustKubectl(t, nil, "patch", "secret", secret, "-n", system, "--type=merge", "-p", `{"data":{"ca.crt":"`+authority+`"}}`)
	s.mustKubectl(t, nil, "patch", "lease", lease, "-n", system, "--type=merge", "-p", `{"spec":{"holderIdentity":"one"}}`)
	s.mustKubectl(t, nil, "patch", "apiservice", apiService, "--type=merge", "-p", `{"spec":{"caBundle":"`+authority+`"}}`)
	if _, err := s.helm(t, c, "{replicas: 3, podLabels: {team: a}}", "upgrade", "deepscaler", root+"/manifests/chart", "--values", "-"); err != nil {
		t.Fatal(err)
	}
	for _, kept := range []struct{ what, path, want string }{
		{"secret/" + secret, `{.data.ca\.crt}`, authority},
		{"lease/" + lease, "{.spec.holderIdentity}", "one"},
		{"apiservice/" + apiService, "{.spec.caBundle}", authority},
		{"deployment/" + deployed, "{.spec.replicas}", "3"},
	} {
		if got := s.mustKubectl(t, nil, "get", kept.what, "-n", system, "-o", "jsonpath="+kept.path); got != kept.want {
			t.Errorf("%s has %q after the upgrade, want %q", kept.what, got, kept.want)
		}
	}

	if _, err := s.helm(t, c, "", "uninstall", "deepscaler"); err != nil {
		t.Fatal(err)
	}
	after, err := autoscalers.Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil || after.UID != before.UID || after.Spec.MaxReplicas != 5 {
		t.Errorf("the autoscaler is %v (%v), want it as before", after, err)
	}
	s.mustKubectl(t, nil, "wait", "--for=delete", "--timeout=120s", "-A", "-l", "app.kubernetes.io/part-of=deepscaler",
		"deployments,services,secrets,apiservices,clusterroles,clusterrolebindings")
	s.mustKubectl(t, nil, "delete", "hpa,deployment", "web")
}

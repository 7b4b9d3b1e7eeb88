package placement

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/controlplane/process"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
	"github.com/deepscaler/deepscaler/test/stack"
)

const (
	shop   = "shop"
	system = "deepscaler-system"
	name   = "deepscaler-scheduler"
	// patience bounds every wait. Load on the machine may use it up.
	patience = 5 * time.Minute
)

func apply(t *testing.T, objects ...any) {
	t.Helper()
	var list bytes.Buffer
	for _, o := range objects {
		if err := json.NewEncoder(&list).Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), shared.cluster.Binary(controlplane.Kubectl), "--kubeconfig", shared.cluster.Kubeconfig(), "apply", "--server-side", "-f", "-")
	cmd.Stdin = &list
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kubectl apply: %v: %s", err, out)
	}
}

// install applies the scheduler's manifests as a user would. There are no containers, so the
// Deployment is left out.
func install(t *testing.T) {
	t.Helper()
	rendered, err := manifests.Render(t.Context(), shared.cluster.Binary(controlplane.Kubectl), filepath.Join(shared.root, "manifests", "overlays", "scheduler-scale-in"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifests.Decode(rendered)
	if err != nil {
		t.Fatal(err)
	}
	all := []any{namespace(system, nil)}
	for _, o := range objects {
		if kind := o.GetKind(); kind != "Deployment" && kind != "PodDisruptionBudget" && kind != "NetworkPolicy" {
			all = append(all, o)
		}
	}
	apply(t, all...)
}

// admitted waits until the API server applies the admission policy to pods of the shop: it
// reads policies from a watch, some time after it has stored them.
func admitted(t *testing.T) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "admitted"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "none", Image: "none"}}},
	}
	eventually(t, "the admission policy is in effect", func(ctx context.Context) error {
		p, err := shared.client.CoreV1().Pods(shop).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && p.Spec.SchedulerName != name {
			err = errNot
		}
		return err
	})
}

func namespace(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// scheduler is a running one, with the rights of the service account of the manifests.
type scheduler struct {
	*process.Process
	url string
}

// start runs the scheduler with the configuration of the manifests.
func start(t *testing.T, run int) *scheduler {
	t.Helper()
	kubeconfig, err := shared.cluster.KubeconfigFor(controlplane.ServiceAccount(system, name))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(shared.root, "manifests", "components", "scheduler-scale-in", "scheduler.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		t.Fatal(err)
	}
	config["clientConnection"] = map[string]any{"kubeconfig": kubeconfig, "qps": 500, "burst": 500}
	if text, err = yaml.Marshal(config); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scheduler.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := shared.cluster.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &scheduler{url: "https://127.0.0.1:" + strconv.Itoa(port)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.Process, err = shared.cluster.StartProcess(ctx, process.Spec{
		Name: fmt.Sprintf("%s-%d", name, run), Path: shared.scheduler,
		Args: []string{
			"--config=" + file, "--bind-address=127.0.0.1", "--secure-port=" + strconv.Itoa(port),
			"--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		},
		Ready: func(ctx context.Context) error { _, err := s.get(ctx, "/readyz"); return err },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scheduler) stop(t *testing.T) {
	t.Helper()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// get asks the scheduler as an administrator, whose certificate it verifies. Its own
// certificate is made at its start.
func (s *scheduler) get(ctx context.Context, path string) (string, error) {
	admin := shared.cluster.RESTConfig()
	client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{
		Insecure: true, CertData: admin.CertData, CertFile: admin.CertFile, KeyData: admin.KeyData, KeyFile: admin.KeyFile,
	}})
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, response.Status, body)
	}
	return string(body), err
}

// decided returns how many pods had a result, by the scheduler's own metrics.
func (s *scheduler) decided(t *testing.T, result string) (pods float64) {
	t.Helper()
	text, err := s.get(t.Context(), "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, `deepscaler_placement_pods_total{result="`+result+`"} `); found {
			if pods, err = strconv.ParseFloat(strings.TrimSpace(rest), 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	return pods
}

func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := stack.Eventually(ctx, what, check); err != nil {
		t.Fatal(err)
	}
}

// pods returns those of the shop once every Deployment has what it asks for, all of them
// running. No pod may ever be unschedulable.
func pods(t *testing.T, want []int) (running []corev1.Pod) {
	t.Helper()
	total := 0
	for _, n := range want {
		total += n
	}
	eventually(t, fmt.Sprintf("%d pods run", total), func(ctx context.Context) error {
		list, err := shared.client.CoreV1().Pods(shop).List(ctx, metav1.ListOptions{LabelSelector: "app"})
		if err != nil {
			return err
		}
		running = list.Items
		ready := 0
		for _, p := range running {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
					t.Errorf("pod %s is unschedulable: %s", p.Name, c.Message)
				}
			}
			if p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil {
				ready++
			}
		}
		if ready != total || len(running) != total {
			return fmt.Errorf("%d of %d pods run, want %d", ready, len(running), total)
		}
		return nil
	})
	return running
}

// costsWritten waits until every service of several pods has deletion costs, and none has
// changed for two looks of the scheduler at all pods.
func costsWritten(t *testing.T) {
	t.Helper()
	var before map[string]string
	since := time.Now()
	eventually(t, "the deletion costs are written", func(ctx context.Context) error {
		list, err := shared.client.CoreV1().Pods(shop).List(ctx, metav1.ListOptions{LabelSelector: "app"})
		if err != nil {
			return err
		}
		costs, all, costly := map[string]string{}, map[string]int{}, map[string]bool{}
		for _, p := range list.Items {
			service, cost := p.Labels["app"], p.Annotations[corev1.PodDeletionCost]
			costs[p.Name] = cost
			all[service]++
			costly[service] = costly[service] || cost != ""
		}
		if !maps.Equal(costs, before) {
			before, since = costs, time.Now()
		}
		for service, n := range all {
			if n > 1 && !costly[service] {
				return fmt.Errorf("no pod of %s has one", service)
			}
		}
		if time.Since(since) < 4*time.Second {
			return errors.New("they have just changed")
		}
		return nil
	})
}

var errNot = errors.New("not yet")

package schedulerperf

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kube-scheduler/framework"
	perf "k8s.io/kubernetes/test/integration/scheduler_perf"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/placement"
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "schedulerperf")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := provideEtcd(dir); err != nil {
		return 1, err
	}
	if err := perf.InitTests(); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// provideEtcd lets scheduler_perf find etcd: the one on the path, or that of hack/controlplane.
func provideEtcd(dir string) error {
	if _, err := exec.LookPath("etcd"); err == nil {
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	built, err := filepath.Glob(filepath.Join(cache, "deepscaler", "controlplane", "etcd-*"))
	if err != nil {
		return err
	}
	if len(built) == 0 {
		return errors.New("there is no etcd: put one on the path, or run make cluster-up once, which builds it")
	}
	if err := os.Symlink(built[len(built)-1], filepath.Join(dir, "etcd")); err != nil {
		return err
	}
	return os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// BenchmarkThroughput runs the workloads with the default scheduler and with the plugin in turn.
// The pods are those of ten services that call each other in a chain.
func BenchmarkThroughput(b *testing.B) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(answer))
	// Connections that outlive the scheduler are leaks to scheduler_perf.
	server.Config.SetKeepAlivesEnabled(false)
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(b.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		b.Fatal(err)
	}
	args, err := json.Marshal(placement.Args{Adapter: server.URL, CAFile: ca})
	if err != nil {
		b.Fatal(err)
	}
	var asked, scored atomic.Int64
	perf.RunBenchmarkPerfScheduling(b, "workloads.yaml", "placement", map[string]func(context.Context, runtime.Object, framework.Handle) (framework.Plugin, error){
		placement.Name: func(ctx context.Context, _ runtime.Object, h framework.Handle) (framework.Plugin, error) {
			p, err := placement.New(ctx, &runtime.Unknown{Raw: args}, h)
			if err != nil {
				return nil, err
			}
			return &counted{p.(*placement.Plugin), &asked, &scored}, nil
		},
	})
	b.Logf("the plugin was asked about %d pods and scored %d of them", asked.Load(), scored.Load())
	if 2*scored.Load() < asked.Load() {
		b.Error("most pods were left to the default scheduler, so this measures nothing")
	}
}

// counted is the plugin with a count of the pods that it does not skip.
type counted struct {
	*placement.Plugin
	asked, scored *atomic.Int64
}

func (c *counted) PreScore(ctx context.Context, state framework.CycleState, pod *corev1.Pod, nodes []framework.NodeInfo) *framework.Status {
	s := c.Plugin.PreScore(ctx, state, pod, nodes)
	c.asked.Add(1)
	if s.IsSuccess() {
		c.scored.Add(1)
	}
	return s
}

// services is their number in pod.yaml.
const services = 10

// answer is what the adapter knows: every service needs 500 pods, and users call the first.
func answer(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(r.URL.Path, "/namespaces/")
	namespace, metric, _ := strings.Cut(path, "/")
	window := int64(15)
	var list external.ExternalMetricValueList
	add := func(value int64, labels map[string]string) {
		labels[discovery.ApplicationLabel] = "shop"
		list.Items = append(list.Items, external.ExternalMetricValue{
			MetricName: metric, MetricLabels: labels, Timestamp: metav1.NewTime(time.Now()), WindowSeconds: &window,
			Value: *resource.NewQuantity(value, resource.DecimalSI),
		})
	}
	source := ""
	for i := range services {
		name := fmt.Sprint("service-", i)
		switch {
		case namespace != "shop":
		case metric == discovery.Metric:
			add(500, map[string]string{discovery.ServiceLabel: name})
		case metric == discovery.CallRateMetric:
			add(100, map[string]string{discovery.SourceLabel: source, discovery.DestinationLabel: "shop/" + name})
			source = "shop/" + name
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list)
}

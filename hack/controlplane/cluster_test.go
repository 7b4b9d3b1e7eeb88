package controlplane

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

const (
	podStartDelay = 1500 * time.Millisecond
	// patience bounds every wait. Load on the machine may use it up; nothing that
	// works needs it.
	patience = 2 * time.Minute
)

// lines writes progress to the test's log.
type lines struct{ t *testing.T }

func (l lines) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func start(t *testing.T, opts Options) *Cluster {
	t.Helper()
	opts.Progress, opts.Build.Progress = lines{t}, lines{t}
	c, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func clientFor(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(httpClient.CloseIdleConnections)
	client, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// The tests of one cluster share it, because a start takes seconds.
func TestControlPlane(t *testing.T) {
	began := time.Now()
	c := start(t, Options{Nodes: 2, PodStartDelay: podStartDelay})
	t.Logf("ready after %v", time.Since(began))
	client := clientFor(t, c.RESTConfig())

	t.Run("versions", func(t *testing.T) {
		version, err := client.Discovery().ServerVersion()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(c.Binary(APIServer), "-"+version.GitVersion+"-") || version.GitVersion == "" {
			t.Errorf("%s reports version %q", c.Binary(APIServer), version.GitVersion)
		}
	})
	t.Run("pods become ready after the delay", func(t *testing.T) { testPods(t, client) })
	t.Run("users have the rights of RBAC", func(t *testing.T) { testUsers(t, c) })
	t.Run("extension API servers can delegate authentication", func(t *testing.T) {
		shared, err := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "extension-apiserver-authentication", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		clientCA, frontProxyCA := shared.Data["client-ca-file"], shared.Data["requestheader-client-ca-file"]
		if clientCA == "" || frontProxyCA == "" || clientCA == frontProxyCA {
			t.Error("the authorities of clients and of the front proxy must both be published, and differ")
		}
	})
	t.Run("host process behind an APIService", func(t *testing.T) { testLoopbackService(t, c) })
	t.Run("second cluster", func(t *testing.T) { testSecondCluster(t, client) })
	t.Run("kube-apiserver can be restarted", func(t *testing.T) {
		apiServer := c.Process(APIServer)
		if err := apiServer.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := apiServer.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		within(t, "what was stored is there after a restart", func() bool {
			_, err := client.AppsV1().Deployments("default").Get(t.Context(), "web", metav1.GetOptions{})
			return err == nil
		})
	})
	t.Run("a component that dies is named", func(t *testing.T) {
		if err := syscall.Kill(c.Process(ControllerManager).PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		var failure *process.Failure
		select {
		case err := <-c.Failed():
			if !errors.As(err, &failure) {
				t.Fatalf("got %v, want a *process.Failure", err)
			}
		case <-time.After(patience):
			t.Fatalf("no failure within %v", patience)
		}
		if failure.Name != "kube-controller-manager" || len(failure.Log) == 0 {
			t.Errorf("got %q with %d lines of log", failure.Name, len(failure.Log))
		}
	})
	t.Run("stop leaves nothing", func(t *testing.T) { testStop(t, c) })
}

// A program that was ready must not let the start wait for ever when it dies.
func TestFailureDuringTheStartIsItsError(t *testing.T) {
	c := start(t, Options{TelemetryOnly: true})
	jaeger, err := c.StartJaeger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = c.whileHealthy(t.Context(), func(ctx context.Context) error {
		if err := syscall.Kill(jaeger.PID(), syscall.SIGKILL); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	var failure *process.Failure
	if !errors.As(err, &failure) || failure.Name != "jaeger" {
		t.Errorf("got %v, want the failure of jaeger", err)
	}
}

func testPods(t *testing.T, client kubernetes.Interface) {
	labels := map[string]string{"app": "web"}
	replicas := int32(3)
	_, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example.com/web:1"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "the deployment has 3 ready replicas", func() bool {
		d, err := client.AppsV1().Deployments("default").Get(t.Context(), "web", metav1.GetOptions{})
		return err == nil && d.Status.ReadyReplicas == replicas
	})
	pods, err := client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		since := map[corev1.PodConditionType]time.Time{}
		for _, condition := range pod.Status.Conditions {
			since[condition.Type] = condition.LastTransitionTime.Time
		}
		// Both times are cut to whole seconds. How much later than that a pod is ready is up
		// to the load on the machine.
		delay := since[corev1.PodReady].Sub(since[corev1.PodScheduled])
		if pod.Status.Phase != corev1.PodRunning || delay < podStartDelay-time.Second {
			t.Errorf("pod %s is %s after %v, want Running after at least %v", pod.Name, pod.Status.Phase, delay, podStartDelay)
		}
		if pod.Status.PodIP == "" || len(pod.Status.ContainerStatuses) != 1 || !pod.Status.ContainerStatuses[0].Ready {
			t.Errorf("pod %s lacks an address or a ready container: %+v", pod.Name, pod.Status)
		}
	}
	if err := client.CoreV1().Pods("default").Delete(t.Context(), pods.Items[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	within(t, "a deleted pod is gone and replaced", func() bool {
		_, err := client.CoreV1().Pods("default").Get(t.Context(), pods.Items[0].Name, metav1.GetOptions{})
		d, deploymentErr := client.AppsV1().Deployments("default").Get(t.Context(), "web", metav1.GetOptions{})
		return apierrors.IsNotFound(err) && deploymentErr == nil && d.Status.ReadyReplicas == replicas
	})
}

func testUsers(t *testing.T, c *Cluster) {
	config, err := c.RESTConfigFor(User{Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clientFor(t, config).CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a user without rights: %v, want 403", err)
	}
	config, err = c.RESTConfigFor(ServiceAccount("kube-system", "horizontal-pod-autoscaler"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clientFor(t, config).CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("a service account with rights: %v", err)
	}
	path, err := c.KubeconfigFor(User{Name: "bob", Groups: []string{"system:masters"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := kubectl(t, c, path, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	if err != nil || out != "bob" {
		t.Errorf("kubectl auth whoami: %q, %v; want bob", out, err)
	}
}

func testSecondCluster(t *testing.T, first kubernetes.Interface) {
	second := start(t, Options{Nodes: 1})
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "only-in-the-second"}}
	client := clientFor(t, second.RESTConfig())
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.CoreV1().Namespaces().Get(t.Context(), namespace.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("in the first cluster: %v, want 404", err)
	}
	testStop(t, second)
	if _, err := first.CoreV1().Namespaces().Get(t.Context(), "default", metav1.GetOptions{}); err != nil {
		t.Errorf("the first cluster after the second was stopped: %v", err)
	}
}

func testStop(t *testing.T, c *Cluster) {
	var pids []int
	for _, component := range []Component{Etcd, APIServer, Scheduler, KWOK} {
		pid := c.Process(component).PID()
		if pid == 0 {
			t.Errorf("%s is not running", component)
			continue
		}
		pids = append(pids, pid)
	}
	began := time.Now()
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	// An API server that gets SIGTERM waits for open watches, for up to a minute.
	if took := time.Since(began); took > 50*time.Second {
		t.Errorf("Stop took %v", took)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d after Stop: %v", pid, err)
		}
	}
	if _, err := os.Stat(c.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data directory after Stop: %v", err)
	}
	if err, open := <-c.Failed(); open {
		t.Errorf("reported as failed: %v", err)
	}
}

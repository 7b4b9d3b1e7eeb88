package controlplane

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"github.com/deepscaler/deepscaler/hack/controlplane/internal/pki"
)

// testLoopbackService puts a server of this test behind the API aggregator, with a
// certificate of its own authority, on a port other than 443.
func testLoopbackService(t *testing.T, c *Cluster) {
	const namespace, name = "default", "echo"
	authority, err := pki.NewAuthority("echo", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Loopback(name, []string{name + "." + namespace + ".svc"})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// Whatever fails here is seen by the client.
		_ = json.NewEncoder(w).Encode(map[string]string{"path": r.URL.Path, "user": r.Header.Get("X-Remote-User")})
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)

	client := clientFor(t, c.RESTConfig())
	if _, err := client.CoreV1().Services(namespace).Create(t.Context(), LoopbackService(namespace, name), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	services, err := aggregator.NewForConfig(c.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	port := int32(server.Listener.Addr().(*net.TCPAddr).Port)
	_, err = services.ApiregistrationV1().APIServices().Create(t.Context(), &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1.echo.example.com"},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: "echo.example.com", Version: "v1", GroupPriorityMinimum: 100, VersionPriority: 100,
			Service:  &apiregistrationv1.ServiceReference{Namespace: namespace, Name: name, Port: &port},
			CABundle: authority.Pair().Cert,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := services.ApiregistrationV1().APIServices().Delete(context.Background(), "v1.echo.example.com", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	var answer string
	within(t, "the aggregator proxies to the server", func() bool {
		out, err := kubectl(t, c, c.Kubeconfig(), "get", "--raw", "/apis/echo.example.com/v1/anything")
		answer = out
		return err == nil
	})
	if !strings.Contains(answer, `"path":"/apis/echo.example.com/v1/anything"`) || !strings.Contains(answer, `"user":"kubernetes-admin"`) {
		t.Errorf("the server saw %s", answer)
	}
}

func kubectl(t *testing.T, c *Cluster, kubeconfig string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.Binary(Kubectl), args...)
	cmd.Env = []string{"KUBECONFIG=" + kubeconfig, "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

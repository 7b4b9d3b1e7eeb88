package manifests_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testRestrictedPods lets the controllers create the adapter's pods in its
// namespace, where only restricted ones are admitted.
func (s *site) testRestrictedPods(t *testing.T) {
	s.mustKubectl(t, nil, "rollout", "status", "--namespace", system, "--timeout="+patience.String(), "deployment/"+deployed)
	// What an earlier version has left may take a moment to be gone.
	var pods []corev1.Pod
	s.eventually(t, "the adapter has its two pods", func() bool {
		list, err := s.client.CoreV1().Pods(system).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + deployed})
		if err != nil {
			t.Fatal(err)
		}
		pods = list.Items
		return len(pods) == 2
	})
	nodes := map[string]bool{}
	for _, pod := range pods {
		nodes[pod.Spec.NodeName] = true
		if pod.Status.QOSClass == corev1.PodQOSBestEffort {
			t.Errorf("pod %s reserves nothing", pod.Name)
		}
	}
	if len(nodes) != 2 {
		t.Errorf("both pods are on the nodes %v, want different ones", nodes)
	}
	// The namespace does refuse what is not restricted.
	out, err := s.kubectl(t.Context(), nil, "run", "unrestricted", "--namespace", system, "--image=busybox")
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Errorf("an unrestricted pod: got %q and %v, want a violation of PodSecurity", out, err)
	}
}

// testApplyAgain plays the adapter, which fills the Secret and the caBundle, and
// applies the manifests again.
func (s *site) testApplyAgain(t *testing.T) {
	bundle := []byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
	filled, err := s.client.CoreV1().Secrets(system).Get(t.Context(), secret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	filled.Data = map[string][]byte{"ca.crt": bundle}
	if _, err := s.client.CoreV1().Secrets(system).Update(t.Context(), filled, metav1.UpdateOptions{FieldManager: deployed}); err != nil {
		t.Fatal(err)
	}
	s.mustKubectl(t, nil, "patch", "apiservice", apiService, "--field-manager="+deployed, "--type=merge",
		"--patch", `{"spec":{"caBundle":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="}}`)

	stream, _ := s.render(t, base)
	for name, args := range map[string][]string{
		"server-side": {"apply", "--server-side", "-f", "-"},
		"client-side": {"apply", "-f", "-"},
	} {
		s.mustKubectl(t, stream, args...)
		kept, err := s.client.CoreV1().Secrets(system).Get(t.Context(), secret, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(kept.Data["ca.crt"], bundle) {
			t.Errorf("%s: the Secret holds %q", name, kept.Data)
		}
		if got := s.mustKubectl(t, nil, "get", "apiservice", apiService, "-o", "jsonpath={.spec.caBundle}"); got == "" {
			t.Errorf("%s: the APIService lost its caBundle", name)
		}
	}
}

func (s *site) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

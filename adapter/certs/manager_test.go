package certs

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const apiService, othersAPIService = fakekube.APIService, "v1beta1.custom.metrics.k8s.io"

var secretName = types.NamespacedName{Namespace: fakekube.Namespace, Name: fakekube.Secret}

// cluster has an empty Secret, an APIService without a caBundle, and others of
// both kinds.
func cluster(t *testing.T) *fakekube.Server {
	t.Helper()
	kube := fakekube.New()
	t.Cleanup(kube.Close)
	if err := errors.Join(
		kube.Install(),
		kube.Register(othersAPIService, "keda", "keda-operator-metrics-apiserver"),
		kube.Put(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secretName.Namespace, Name: "of-somebody-else"}}, "secrets"),
	); err != nil {
		t.Fatal(err)
	}
	return kube
}

// options are those of a replica with a running registry.
func options(t *testing.T, kube *fakekube.Server, dir string, c clock.Clock) Options {
	t.Helper()
	config := &rest.Config{Host: kube.URL}
	registry, err := registration.New(registration.Options{
		Config: config, Service: types.NamespacedName{Namespace: fakekube.Namespace, Name: fakekube.Service},
		Serves: []discovery.Way{discovery.External, discovery.Object}, Recorder: record.NewFakeRecorder(100),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { registry.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return Options{Config: config, Secret: secretName, Service: fakekube.Service, Trust: registry, Dir: dir, Clock: c}
}

// run runs a replica that keeps its files in dir.
func run(t *testing.T, kube *fakekube.Server, dir string, c clock.Clock) *Manager {
	t.Helper()
	m, err := New(options(t, kube, dir, c))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	waiting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := m.Wait(waiting); err != nil {
		t.Fatal(err)
	}
	return m
}

// eventually fails the test unless ok holds within 100 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s: not within 100s", what)
}

func caBundle(t *testing.T, kube *fakekube.Server, name string) []byte {
	t.Helper()
	spec := kube.Object("apiservices", "", name)["spec"].(map[string]any)
	text, _ := spec["caBundle"].(string)
	bundle, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

// verified reports whether a file holds a certificate for the Service that the
// caBundle verifies, as kube-apiserver's aggregator would.
func verified(t *testing.T, file string, bundle []byte) bool {
	t.Helper()
	cert := certificate(t, file)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err := cert.Verify(x509.VerifyOptions{DNSName: "deepscaler-adapter.deepscaler-system.svc", Roots: roots})
	return err == nil
}

func certificate(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestReplicasShareOneVerifiedCertificate(t *testing.T) {
	kube := cluster(t)
	a := run(t, kube, filepath.Join(t.TempDir(), "a"), clock.RealClock{})
	b := run(t, kube, filepath.Join(t.TempDir(), "b"), clock.RealClock{})
	eventually(t, "both serve what the caBundle verifies", func() bool {
		bundle := caBundle(t, kube, apiService)
		return verified(t, a.CertFile(), bundle) && verified(t, b.CertFile(), bundle)
	})
	if bundle := caBundle(t, kube, othersAPIService); len(bundle) > 0 {
		t.Error("injected into an APIService that is not the adapter's")
	}
	info, err := os.Stat(a.KeyFile())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("private key has mode %v, %v", info.Mode(), err)
	}
	for _, r := range kube.Requests() {
		list := strings.Contains(r, "/secrets?") || strings.Contains(r, "/apiservices?")
		if list && !strings.Contains(r, "fieldSelector=metadata.name") || strings.Contains(r, "of-somebody-else") {
			t.Errorf("%s needs rights beyond the adapter's own objects", r)
		}
	}
}

func TestALostSecretIsMadeAnew(t *testing.T) {
	kube := cluster(t)
	m := run(t, kube, t.TempDir(), clock.RealClock{})
	eventually(t, "injected", func() bool { return verified(t, m.CertFile(), caBundle(t, kube, apiService)) })
	before := string(caBundle(t, kube, apiService))

	empty := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secretName.Namespace, Name: secretName.Name}}
	if err := kube.Put(empty, "secrets"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another certificate, injected and on disk", func() bool {
		bundle := caBundle(t, kube, apiService)
		return string(bundle) != before && verified(t, m.CertFile(), bundle)
	})
}

func TestRenewsBeforeTheEnd(t *testing.T) {
	kube := cluster(t)
	c := clocktesting.NewFakeClock(time.Now())
	m := run(t, kube, t.TempDir(), c)
	eventually(t, "injected", func() bool { return verified(t, m.CertFile(), caBundle(t, kube, apiService)) })
	authority, first := string(caBundle(t, kube, apiService)), certificate(t, m.CertFile())

	c.Step(servingLifetime - renewBefore)
	// A check that has begun before ends with the time that it began at, and the next is due an interval later.
	eventually(t, "another certificate", func() bool {
		c.Step(checkInterval)
		return !certificate(t, m.CertFile()).Equal(first)
	})
	if second := certificate(t, m.CertFile()); !second.NotAfter.After(first.NotAfter) {
		t.Errorf("the new one ends at %v, the old one at %v", second.NotAfter, first.NotAfter)
	}
	if string(caBundle(t, kube, apiService)) != authority {
		t.Error("the authority changed, although it lasts for years")
	}
}

func TestACaBundleThatSomebodyRemovesIsBack(t *testing.T) {
	kube := cluster(t)
	m := run(t, kube, t.TempDir(), clock.RealClock{})
	for range 2 {
		eventually(t, "injected", func() bool { return verified(t, m.CertFile(), caBundle(t, kube, apiService)) })
		if err := kube.Install(); err != nil {
			t.Fatal(err)
		}
	}
	kube.Delete("apiregistration.k8s.io", "v1", "apiservices", "", apiService)
	if err := kube.Install(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "injected into a new APIService", func() bool { return verified(t, m.CertFile(), caBundle(t, kube, apiService)) })
}

func TestKeepsStillWhenNothingChanges(t *testing.T) {
	kube := cluster(t)
	m := run(t, kube, t.TempDir(), clock.RealClock{})
	eventually(t, "injected", func() bool { return verified(t, m.CertFile(), caBundle(t, kube, apiService)) })
	// What was begun before may come late on a busy machine.
	eventually(t, "no requests any more", func() bool {
		before := len(kube.Requests())
		time.Sleep(300 * time.Millisecond)
		return len(kube.Requests()) == before
	})
}

func TestRunFailsWithoutItsSecretOrDirectory(t *testing.T) {
	kube := cluster(t)
	kube.Delete("", "v1", "secrets", secretName.Namespace, secretName.Name)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, want string }{
		{"no Secret", t.TempDir(), secretName.String()},
		{"no directory", filepath.Join(file, "certificates"), "--cert-dir"},
	} {
		if c.name == "no directory" {
			kube = cluster(t)
		}
		m, err := New(options(t, kube, c.dir, clock.RealClock{}))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		if err := m.Run(ctx); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want it to say %s", c.name, err, c.want)
		}
		stop()
	}
}

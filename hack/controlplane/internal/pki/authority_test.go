package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	return loaded.Leaf
}

func pool(a *Authority) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Pair().Cert)
	return roots
}

func TestCertificates(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	clients, err := NewAuthority("clients", clock)
	if err != nil {
		t.Fatal(err)
	}
	front, err := NewAuthority("front-proxy", clock)
	if err != nil {
		t.Fatal(err)
	}
	user, err := clients.Client("ann", "editors", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	server, err := clients.Loopback("api", []string{"kubernetes.default.svc"})
	if err != nil {
		t.Fatal(err)
	}
	asClient := x509.VerifyOptions{Roots: pool(clients), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}

	leaf := parse(t, user)
	if leaf.Subject.CommonName != "ann" {
		t.Errorf("user %q, want ann", leaf.Subject.CommonName)
	}
	if diff := cmp.Diff([]string{"editors", "system:masters"}, leaf.Subject.Organization); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if _, err := leaf.Verify(asClient); err != nil {
		t.Errorf("a client of its own authority: %v", err)
	}
	asServer := asClient
	asServer.KeyUsages = nil
	if _, err := leaf.Verify(asServer); err == nil {
		t.Error("a client certificate passes for a server's")
	}
	foreign := asClient
	foreign.Roots = pool(front)
	if _, err := leaf.Verify(foreign); err == nil {
		t.Error("a client certificate passes with another authority")
	}
	for _, name := range []string{"127.0.0.1", "localhost", "kubernetes.default.svc"} {
		asServer.DNSName = name
		if _, err := parse(t, server).Verify(asServer); err != nil {
			t.Errorf("the server as %s: %v", name, err)
		}
	}
	asServer.CurrentTime = now.Add(2 * lifetime)
	if _, err := parse(t, server).Verify(asServer); err == nil {
		t.Error("a certificate is still valid after its lifetime")
	}
}

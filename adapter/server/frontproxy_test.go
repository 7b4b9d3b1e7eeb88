package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/utils/clock"
	testclock "k8s.io/utils/clock/testing"
)

// signer signs certificates of clients.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	s := &signer{}
	s.cert, s.key = s.sign(t, "authority")
	return s
}

func (s *signer) sign(t testing.TB, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	parent, by := s.cert, s.key
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage, template.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (s *signer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw})
}

// authorities can be replaced.
type authorities struct {
	dynamiccertificates.CAContentProvider
}

func (a *authorities) trust(t *testing.T, s *signer) {
	t.Helper()
	var err error
	if a.CAContentProvider, err = dynamiccertificates.NewStaticCAContent("test", s.pem()); err != nil {
		t.Fatal(err)
	}
}

func TestFrontProxy(t *testing.T) {
	ours, others := newSigner(t), newSigner(t)
	trusted := &authorities{}
	trusted.trust(t, ours)
	c := testclock.NewFakeClock(time.Now())
	names := []string{"aggregator"}
	strings := func(values ...string) headerrequest.StringSliceProvider {
		return headerrequest.StringSliceProviderFunc(func() []string { return values })
	}
	proxy := newFrontProxy(&authenticatorfactory.RequestHeaderConfig{
		CAContentProvider: trusted, UsernameHeaders: strings("X-Remote-User"), UIDHeaders: strings(), GroupHeaders: strings("X-Remote-Group"),
		ExtraHeaderPrefixes: strings(), AllowedClientNames: headerrequest.StringSliceProviderFunc(func() []string { return names }),
	}, c)
	user := func(cert *x509.Certificate, headers ...string) string {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/apis", nil)
		if cert != nil {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		response, ok, err := proxy.AuthenticateRequest(r)
		if err != nil || !ok {
			return ""
		}
		if !slices.Contains(response.User.GetGroups(), "system:authenticated") {
			t.Errorf("groups %v", response.User.GetGroups())
		}
		return response.User.GetName()
	}
	aggregator, _ := ours.sign(t, "aggregator")
	stranger, _ := ours.sign(t, "stranger")
	foreign, _ := others.sign(t, "aggregator")
	forged := *aggregator
	forged.Raw = slices.Clone(forged.Raw)
	forged.Raw[len(forged.Raw)-1]++
	forged.Signature = forged.Raw[len(forged.Raw)-len(forged.Signature):]
	for round := range 3 {
		for _, name := range []string{"jane", "joe"} {
			if got := user(aggregator, "X-Remote-User", name); got != name {
				t.Errorf("round %d: user %q, want %q", round, got, name)
			}
		}
		for what, cert := range map[string]*x509.Certificate{"none": nil, "another name": stranger, "another authority": foreign, "forged": &forged} {
			if got := user(cert, "X-Remote-User", "jane"); got != "" {
				t.Errorf("round %d: %s counts as %q", round, what, got)
			}
		}
		if got := user(aggregator); got != "" {
			t.Errorf("without headers it is %q", got)
		}
	}

	// Names that are allowed no longer end soon, other authorities at once.
	names = []string{"another"}
	c.Step(verifiedFor + time.Second)
	if got := user(aggregator, "X-Remote-User", "jane"); got != "" {
		t.Errorf("a name that is allowed no longer counts as %q", got)
	}
	names = []string{"aggregator"}
	if got := user(aggregator, "X-Remote-User", "jane"); got != "jane" {
		t.Errorf("allowed again, it is %q", got)
	}
	trusted.trust(t, others)
	if got := user(aggregator, "X-Remote-User", "jane"); got != "" {
		t.Errorf("after a change of the authorities it is %q", got)
	}
	if got := user(foreign, "X-Remote-User", "jane"); got != "jane" {
		t.Errorf("by the new authority it is %q", got)
	}
}

// BenchmarkFrontProxy identifies the user of one request through the API aggregator.
func BenchmarkFrontProxy(b *testing.B) {
	s := newSigner(b)
	known, err := dynamiccertificates.NewStaticCAContent("bench", s.pem())
	if err != nil {
		b.Fatal(err)
	}
	type static = headerrequest.StaticStringSlice
	cert, _ := s.sign(b, "aggregator")
	remembering := &frontProxy{
		authorities: known.VerifyOptions,
		verifying: headerrequest.NewDynamicVerifyOptionsSecure(known.VerifyOptions, static{"aggregator"},
			static{"X-Remote-User"}, static{}, static{"X-Remote-Group"}, static{}),
		trusting: headerrequest.NewDynamic(static{"X-Remote-User"}, static{}, static{"X-Remote-Group"}, static{}),
		verified: cache.NewLRUExpireCache(aggregators), clock: clock.RealClock{},
	}
	for name, proxy := range map[string]authenticator.Request{"verified at every request": remembering.verifying, "remembered": remembering} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := &http.Request{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}, Header: http.Header{"X-Remote-User": {"hpa"}}}
				if _, ok, err := proxy.AuthenticateRequest(r); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

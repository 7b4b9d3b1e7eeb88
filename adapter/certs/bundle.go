package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// How long certificates are valid, and how long before expiry they are
// replaced.
const (
	authorityLifetime = 10 * 365 * 24 * time.Hour
	servingLifetime   = 365 * 24 * time.Hour
	renewBefore       = 90 * 24 * time.Hour
	// backdate tolerates differences between clocks.
	backdate = time.Hour
)

// The keys of the Secret. The serving pair has the same names as files.
const (
	caCertName = corev1.ServiceAccountRootCAKey // ca.crt
	caKeyName  = "ca.key"
	certName   = corev1.TLSCertKey
	keyName    = corev1.TLSPrivateKeyKey
)

// bundle is the content of the Secret: an authority and a serving certificate
// signed by it, all in PEM.
type bundle struct{ caCert, caKey, cert, key []byte }

func bundleOf(s *corev1.Secret) bundle {
	return bundle{s.Data[caCertName], s.Data[caKeyName], s.Data[certName], s.Data[keyName]}
}

// put returns a copy of s that holds the bundle.
func (b bundle) put(s *corev1.Secret) *corev1.Secret {
	s = s.DeepCopy()
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	s.Data[caCertName], s.Data[caKeyName], s.Data[certName], s.Data[keyName] = b.caCert, b.caKey, b.cert, b.key
	return s
}

// check returns why a client that trusts the authority would refuse the
// certificate. It tests every name at the given time.
func (b bundle) check(names []string, at time.Time) error {
	if len(b.cert) == 0 {
		return errors.New("there is none")
	}
	pair, err := tls.X509KeyPair(b.cert, b.key)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b.caCert) {
		return fmt.Errorf("%s holds no certificate", caCertName)
	}
	for _, name := range names {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: at}); err != nil {
			return err
		}
	}
	return nil
}

// renew returns a bundle with a new serving certificate, and a new authority when
// that of b is broken or expires before the next renewal. The old authority stays
// trusted, because other replicas may still serve its certificates.
func (b bundle) renew(names []string, now time.Time) (bundle, error) {
	authority, err := tls.X509KeyPair(b.caCert, b.caKey)
	usable := err == nil && authority.Leaf.IsCA
	if !usable || now.Add(renewBefore).After(authority.Leaf.NotAfter) {
		old := authority
		if authority, err = newAuthority(now); err != nil {
			return b, err
		}
		if usable {
			authority.Certificate = append(authority.Certificate, old.Certificate[0])
		}
	}
	serving, err := sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		DNSNames:    names,
		NotAfter:    now.Add(servingLifetime),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, now, &authority)
	if err != nil {
		return b, err
	}
	if b.caCert, b.caKey, err = encode(authority); err != nil {
		return b, err
	}
	b.cert, b.key, err = encode(serving)
	return b, err
}

func newAuthority(now time.Time) (tls.Certificate, error) {
	return sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "deepscaler-adapter-ca", Organization: []string{"deepscaler"}},
		NotAfter:              now.Add(authorityLifetime),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}, now, nil)
}

// sign returns a new key and a certificate for it, signed by the issuer, or
// self-signed without one.
func sign(template *x509.Certificate, now time.Time, issuer *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	template.NotBefore = now.Add(-backdate)
	parent, signer := template, crypto.PrivateKey(key)
	if issuer != nil {
		parent, signer = issuer.Leaf, issuer.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func encode(pair tls.Certificate) (cert, key []byte, err error) {
	var chain bytes.Buffer
	for _, der := range pair.Certificate {
		if err := pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return nil, nil, err
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	return chain.Bytes(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

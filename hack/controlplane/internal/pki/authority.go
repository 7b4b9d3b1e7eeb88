// Package pki issues the certificates of one control plane. Keys are ECDSA P-256;
// nothing is ever renewed, because a control plane lives for hours.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// lifetime is the lifetime of every certificate. It starts a little in the past, for
// clocks that are set back.
const (
	lifetime  = 365 * 24 * time.Hour
	clockSkew = time.Hour
)

// Authority is a certificate authority that signs certificates of one kind of trust.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	certPEM     []byte
	keyPEM      []byte
	now         func() time.Time
}

// Pair is a certificate and its private key, both in PEM.
type Pair struct {
	Cert, Key []byte
}

// NewAuthority makes an authority with a new key. now is the clock for the validity.
func NewAuthority(name string, now func() time.Time) (*Authority, error) {
	key, keyPEM, err := NewKey()
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	a := &Authority{certificate: &template, key: key, keyPEM: keyPEM, now: now}
	certPEM, err := a.sign(template, key.Public())
	if err != nil {
		return nil, fmt.Errorf("make the authority %s: %w", name, err)
	}
	block, _ := pem.Decode(certPEM)
	if a.certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, fmt.Errorf("make the authority %s: %w", name, err)
	}
	a.certPEM = certPEM
	return a, nil
}

// Pair returns the authority's own certificate and key in PEM.
func (a *Authority) Pair() Pair { return Pair{Cert: a.certPEM, Key: a.keyPEM} }

// Client issues a certificate that identifies a user with its groups to a
// server that trusts the authority.
func (a *Authority) Client(user string, groups ...string) (Pair, error) {
	return a.issue(x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// Loopback issues a certificate for a server on 127.0.0.1, localhost and the given
// names and addresses. A peer of an etcd cluster also presents it as a client.
func (a *Authority) Loopback(name string, dnsNames []string, addresses ...net.IP) (Pair, error) {
	return a.issue(x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    append([]string{"localhost"}, dnsNames...),
		IPAddresses: append([]net.IP{net.IPv4(127, 0, 0, 1)}, addresses...),
	})
}

func (a *Authority) issue(template x509.Certificate) (Pair, error) {
	key, keyPEM, err := NewKey()
	if err != nil {
		return Pair{}, err
	}
	certPEM, err := a.sign(template, key.Public())
	if err != nil {
		return Pair{}, fmt.Errorf("issue a certificate for %s: %w", template.Subject.CommonName, err)
	}
	return Pair{Cert: certPEM, Key: keyPEM}, nil
}

func (a *Authority) sign(template x509.Certificate, public crypto.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = a.now().Add(-clockSkew)
	template.NotAfter = a.now().Add(lifetime)
	der, err := x509.CreateCertificate(rand.Reader, &template, a.certificate, public, a.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// NewKey returns a new private key, also in PEM.
func NewKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

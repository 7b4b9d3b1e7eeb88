package server

import (
	"crypto/x509"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	"k8s.io/utils/clock"
)

const (
	// verifiedFor is how long a certificate of the API aggregator counts as verified.
	verifiedFor = 10 * time.Second
	// aggregators is how many certificates are remembered, one or two per kube-apiserver.
	aggregators = 64
)

// frontProxy identifies users by the headers of the API aggregator. The library verifies the
// aggregator's certificate at every request, which would be a sixth of the cost of a read.
type frontProxy struct {
	authorities func() (x509.VerifyOptions, bool)
	// verifying verifies the certificate and then reads the headers; trusting only
	// reads them.
	verifying, trusting authenticator.Request
	// verified has the authorities by which a certificate was verified.
	verified *cache.LRUExpireCache
	clock    clock.Clock
}

func newFrontProxy(c *authenticatorfactory.RequestHeaderConfig, k clock.Clock) authenticator.Request {
	return group.NewAuthenticatedGroupAdder(&frontProxy{
		authorities: c.CAContentProvider.VerifyOptions,
		verifying: headerrequest.NewDynamicVerifyOptionsSecure(c.CAContentProvider.VerifyOptions, c.AllowedClientNames,
			c.UsernameHeaders, c.UIDHeaders, c.GroupHeaders, c.ExtraHeaderPrefixes),
		trusting: headerrequest.NewDynamic(c.UsernameHeaders, c.UIDHeaders, c.GroupHeaders, c.ExtraHeaderPrefixes),
		verified: cache.NewLRUExpireCacheWithClock(aggregators, k),
		clock:    k,
	})
}

// AuthenticateRequest implements [authenticator.Request].
func (f *frontProxy) AuthenticateRequest(r *http.Request) (*authenticator.Response, bool, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, false, nil
	}
	options, known := f.authorities()
	if !known {
		return nil, false, nil
	}
	// The handshake has proved that the caller has the key of the certificate. All of
	// the certificate is the key here: a part of it could be forged.
	leaf := r.TLS.PeerCertificates[0]
	if roots, ok := f.verified.Get(string(leaf.Raw)); ok && roots == options.Roots {
		return f.trusting.AuthenticateRequest(r)
	}
	response, ok, err := f.verifying.AuthenticateRequest(r)
	if ok && err == nil {
		f.verified.Add(string(leaf.Raw), options.Roots, min(verifiedFor, leaf.NotAfter.Sub(f.clock.Now())))
	}
	return response, ok, err
}

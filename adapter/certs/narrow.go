package certs

import (
	"net/http"
	"path"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/transport"
)

// narrow restricts lists and watches of a resource to the object of one name.
// The rotator watches every Secret of its namespace and every APIService of the
// cluster and has no option against that; RBAC can only allow a list by
// resourceNames when it selects metadata.name. names maps resources to names.
func narrow(names map[string]string) transport.WrapperFunc {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			name, ok := names[path.Base(r.URL.Path)]
			if !ok || r.Method != http.MethodGet {
				return next.RoundTrip(r)
			}
			r = r.Clone(r.Context())
			query := r.URL.Query()
			query.Set("fieldSelector", fields.OneTermEqualSelector("metadata.name", name).String())
			r.URL.RawQuery = query.Encode()
			return next.RoundTrip(r)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

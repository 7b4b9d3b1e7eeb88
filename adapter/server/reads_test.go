package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// Whoever authorises a read finds in it what the resolver of the library finds.
func TestReadsAreAboutWhatTheResolverFinds(t *testing.T) {
	resolver := &request.RequestInfoFactory{APIPrefixes: sets.NewString("apis", "api"), GrouplessAPIPrefixes: sets.NewString("api")}
	for _, c := range []struct {
		method, target string
		read           bool
	}{
		{http.MethodGet, readsPath + "shop/deepscaler_desired_replicas", true},
		{http.MethodGet, readsPath + "shop/deepscaler_desired_replicas?labelSelector=service%3Dweb", true},
		{http.MethodGet, readsPath + "sh%6fp/deepscaler_desired_replicas?labelSelector=", true},
		{http.MethodGet, readsPath + "shop/deepscaler_desired_replicas?labelSelector=a&fieldSelector=metadata.name%3Dx", false},
		{http.MethodGet, readsPath + "shop/deepscaler_desired_replicas?watch=true", false},
		{http.MethodGet, readsPath + "shop/deepscaler_desired_replicas/web", false},
		{http.MethodGet, readsPath + "shop/deepscaler_desired_replicas/", false},
		{http.MethodGet, readsPath + "/deepscaler_desired_replicas", false},
		{http.MethodGet, readsPath + "shop/deepscaler_call_rate", false},
		{http.MethodDelete, readsPath + "shop/deepscaler_desired_replicas", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, nil)
		namespace, read := readOf(r)
		if read != c.read {
			t.Errorf("%s %s: a read: %v, want %v", c.method, c.target, read, c.read)
		}
		if !read {
			continue
		}
		want, err := resolver.NewRequestInfo(r)
		if err != nil {
			t.Fatal(err)
		}
		want.LabelSelector = "" // authorisation leaves it out
		if diff := cmp.Diff(want, about(r, namespace)); diff != "" {
			t.Errorf("%s (-resolver +short):\n%s", c.target, diff)
		}
	}
}

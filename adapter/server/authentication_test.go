package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	genericapiserver "k8s.io/apiserver/pkg/server"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
)

// A cluster that does not say whom it trusts must end the start, unless that is
// asked for; then callers by token are known all the same.
func TestAuthenticateNeedsToKnowWhomTheClusterTrusts(t *testing.T) {
	for name, c := range map[string]struct {
		away, skip, tolerate bool
		fails                bool
		aggregator           bool // is recognised
	}{
		"the cluster says":     {aggregator: true},
		"it does not":          {away: true, fails: true},
		"it does not, bearing": {away: true, tolerate: true},
		"nobody asks":          {skip: true},
	} {
		t.Run(name, func(t *testing.T) {
			kube := fakekube.New()
			t.Cleanup(kube.Close)
			if err := kube.Install(); err != nil {
				t.Fatal(err)
			}
			o := NewOptions().Authentication
			o.RemoteKubeConfigFile = filepath.Join(t.TempDir(), "kubeconfig")
			if err := os.WriteFile(o.RemoteKubeConfigFile, kube.Kubeconfig(), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.away {
				kube.Close()
			}
			o.SkipInClusterLookup, o.TolerateInClusterLookupFailure = c.skip, c.tolerate

			var info genericapiserver.AuthenticationInfo
			err := authenticate(t.Context(), o, &info, &genericapiserver.SecureServingInfo{})
			if (err != nil) != c.fails || err != nil && !strings.Contains(err.Error(), "extension-apiserver-authentication-reader") {
				t.Fatalf("error %v", err)
			}
			if err == nil && info.Authenticator == nil {
				t.Error("nobody is authenticated")
			}
			if known := info.RequestHeaderConfig != nil; known != c.aggregator {
				t.Errorf("the aggregator is recognised: %v", known)
			} else if known {
				// Before anything runs: a request may come as soon as the port is open.
				if _, ok := info.RequestHeaderConfig.CAContentProvider.VerifyOptions(); !ok {
					t.Error("the authorities of the aggregator are not known at once")
				}
			}
		})
	}
}

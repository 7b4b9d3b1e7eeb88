package controlplane

import (
	"errors"

	"k8s.io/client-go/rest"
)

// User is an identity that the API server accepts by client certificate.
type User struct {
	// Name is the user name, the certificate's common name.
	Name string
	// Groups are the certificate's organisations. The API server adds
	// system:authenticated by itself.
	Groups []string
}

// ServiceAccount returns the identity of a service account as the API server sees
// it, with the groups that a token of that account carries. RBAC bindings for
// the account apply whether or not the account object exists.
func ServiceAccount(namespace, name string) User {
	return User{
		Name:   "system:serviceaccount:" + namespace + ":" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
	}
}

// RESTConfigFor returns a client configuration that authenticates as user, without
// client-side rate limits. A user has the rights that RBAC gives to its name and groups.
func (c *Cluster) RESTConfigFor(user User) (*rest.Config, error) {
	return nil, errors.New("controlplane: not built yet")
}

// KubeconfigFor writes a kubeconfig that authenticates as user into the data
// directory and returns its path.
func (c *Cluster) KubeconfigFor(user User) (string, error) {
	return "", errors.New("controlplane: not built yet")
}

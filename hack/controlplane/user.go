package controlplane

import (
	"errors"
	"fmt"
	"os"

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
// client-side rate limits. RBAC gives rights to the name and the groups of the user. A
// cluster of telemetry only returns an error.
func (c *Cluster) RESTConfigFor(user User) (*rest.Config, error) {
	if c.credentials == nil {
		return nil, errNoKubernetes
	}
	return c.credentials.restConfig(user)
}

// KubeconfigFor writes a kubeconfig that authenticates as user into the data
// directory and returns its path. A cluster of telemetry only returns an error.
func (c *Cluster) KubeconfigFor(user User) (string, error) {
	if c.credentials == nil {
		return "", errNoKubernetes
	}
	file, err := os.CreateTemp(c.Dir(), "user-*.kubeconfig")
	if err != nil {
		return "", fmt.Errorf("write the kubeconfig of %s: %w", user.Name, err)
	}
	if err := file.Close(); err != nil {
		return "", fmt.Errorf("write the kubeconfig of %s: %w", user.Name, err)
	}
	return file.Name(), c.credentials.writeKubeconfig(file.Name(), user)
}

var errNoKubernetes = errors.New("this cluster runs telemetry only and has no users: start it without TelemetryOnly")

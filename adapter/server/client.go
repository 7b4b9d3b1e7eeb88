package server

import (
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	authenticationv1client "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationv1client "k8s.io/client-go/kubernetes/typed/authorization/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// client has the APIs of the cluster that delegation uses.
type client struct {
	authentication *authenticationv1client.AuthenticationV1Client
	authorization  *authorizationv1client.AuthorizationV1Client
	core           *corev1client.CoreV1Client

	// The libraries take a whole clientset but read only ConfigMaps; the rest is
	// nil.
	kubernetes.Interface
}

// newClient returns a client of the cluster of the kubeconfig file or, when
// there is none, of the one whose pod this is. A timeout of 0 means that the
// callers set one.
func newClient(kubeconfig string, timeout time.Duration) (*client, error) {
	config, err := rest.InClusterConfig()
	if kubeconfig != "" {
		config, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	config.Timeout = timeout
	// Every caller waits for the review of the cluster.
	config.QPS, config.Burst = 200, 400
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	c := &client{}
	if c.authentication, err = authenticationv1client.NewForConfigAndClient(config, h); err != nil {
		return nil, err
	}
	if c.authorization, err = authorizationv1client.NewForConfigAndClient(config, h); err != nil {
		return nil, err
	}
	c.core, err = corev1client.NewForConfigAndClient(config, h)
	return c, err
}

// CoreV1 implements [kubernetes.Interface].
func (c *client) CoreV1() corev1client.CoreV1Interface { return configMaps{client: c.core} }

// configMaps is the part of the core API that reads ConfigMaps.
type configMaps struct {
	client *corev1client.CoreV1Client
	corev1client.CoreV1Interface
}

// ConfigMaps implements [corev1client.CoreV1Interface].
func (c configMaps) ConfigMaps(namespace string) corev1client.ConfigMapInterface {
	return c.client.ConfigMaps(namespace)
}

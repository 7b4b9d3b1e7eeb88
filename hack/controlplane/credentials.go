package controlplane

import (
	"fmt"
	"net"
	"os"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/deepscaler/deepscaler/hack/controlplane/internal/pki"
)

const (
	frontProxyName = "front-proxy-client"
	adminName      = "admin"
	stagesFile     = "kwok-stages.yaml"
)

// credentials issues identities of one cluster.
type credentials struct {
	clients *pki.Authority
	server  string
}

// writeCredentials makes the keys and certificates of a cluster and writes them, the
// kubeconfigs of its programs and the stages of KWOK into the data directory.
func writeCredentials(s settings, now func() time.Time) (*credentials, error) {
	if err := os.MkdirAll(s.path("pki"), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the keys: %w", err)
	}
	clients, err := pki.NewAuthority("clients", now)
	if err != nil {
		return nil, err
	}
	c := &credentials{clients: clients, server: s.apiServerURL()}
	if err := c.writeKeys(s, now); err != nil {
		return nil, err
	}
	stages, err := s.stages()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.path(stagesFile), stages, 0o600); err != nil {
		return nil, fmt.Errorf("write the stages of KWOK: %w", err)
	}
	for name, user := range map[string]User{
		adminName:                 {Name: "kubernetes-admin", Groups: []string{"system:masters"}},
		string(KWOK):              {Name: "kwok", Groups: []string{"system:masters"}},
		string(ControllerManager): {Name: "system:kube-controller-manager"},
		string(Scheduler):         {Name: "system:kube-scheduler"},
	} {
		if err := c.writeKubeconfig(s.kubeconfig(name), user); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *credentials) writeKeys(s settings, now func() time.Time) error {
	frontProxies, err := pki.NewAuthority("front-proxies", now)
	if err != nil {
		return err
	}
	etcds, err := pki.NewAuthority("etcds", now)
	if err != nil {
		return err
	}
	server, err := c.clients.Loopback("kube-apiserver", []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}, net.ParseIP(firstService))
	if err != nil {
		return err
	}
	frontProxy, err := frontProxies.Client(frontProxyName)
	if err != nil {
		return err
	}
	etcd, err := etcds.Loopback("etcd", nil)
	if err != nil {
		return err
	}
	_, serviceAccountKey, err := pki.NewKey()
	if err != nil {
		return err
	}
	for name, pair := range map[string]pki.Pair{
		"ca":                 c.clients.Pair(),
		"server":             server,
		"front-proxy-ca":     {Cert: frontProxies.Pair().Cert},
		"front-proxy-client": frontProxy,
		"etcd-ca":            {Cert: etcds.Pair().Cert},
		"etcd":               etcd,
		"service-account":    {Key: serviceAccountKey},
	} {
		if err := writePair(s.pki(name), pair); err != nil {
			return err
		}
	}
	return nil
}

func writePair(path string, pair pki.Pair) error {
	for extension, data := range map[string][]byte{".crt": pair.Cert, ".key": pair.Key} {
		if data == nil {
			continue
		}
		if err := os.WriteFile(path+extension, data, 0o600); err != nil {
			return fmt.Errorf("write a certificate or key: %w", err)
		}
	}
	return nil
}

// restConfig returns a client configuration for user, with a new certificate.
func (c *credentials) restConfig(user User) (*rest.Config, error) {
	pair, err := c.clients.Client(user.Name, user.Groups...)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: c.server,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   c.clients.Pair().Cert,
			CertData: pair.Cert,
			KeyData:  pair.Key,
		},
		QPS: -1, // no limit
	}, nil
}

func (c *credentials) writeKubeconfig(path string, user User) error {
	config, err := c.restConfig(user)
	if err != nil {
		return err
	}
	const name = "deepscaler"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	kubeconfig.CurrentContext = name
	if err := clientcmd.WriteToFile(*kubeconfig, path); err != nil {
		return fmt.Errorf("write the kubeconfig of %s: %w", user.Name, err)
	}
	return nil
}

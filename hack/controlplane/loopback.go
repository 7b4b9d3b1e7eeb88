package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/hack/controlplane/internal/pki"
)

// LoopbackService returns the Service through which an APIService or a webhook
// reaches a program on this host. Three things must agree:
//
//   - APIService.spec.service names this Service, and its port is the port the
//     program listens on. For a Service of type ExternalName the API server
//     dials externalName at that very port and ignores the Service's own ports, so a
//     port other than 443 needs nothing else;
//   - the program listens on the loopback interface;
//   - its serving certificate is for the DNS name <name>.<namespace>.svc, and
//     APIService.spec.caBundle holds the CA that signed it.
//
// The program authenticates the API server's front proxy with the ConfigMap
// kube-system/extension-apiserver-authentication, as in any cluster.
func LoopbackService(namespace, name string) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}
}

// WriteCertificate writes ca.crt, tls.crt and tls.key into dir, for a program that has none
// of its own, and returns the first. The certificate is of a new authority and for localhost and the
// given DNS names, as a server and as a client.
func WriteCertificate(dir, name string, dnsNames ...string) (authority []byte, err error) {
	a, err := pki.NewAuthority(name, time.Now)
	if err != nil {
		return nil, err
	}
	pair, err := a.Loopback(name, dnsNames)
	if err != nil {
		return nil, err
	}
	err = os.MkdirAll(dir, 0o700)
	for file, content := range map[string][]byte{"ca.crt": a.Pair().Cert, "tls.crt": pair.Cert, "tls.key": pair.Key} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, file), content, 0o600))
	}
	if err != nil {
		return nil, fmt.Errorf("write the certificate of %s: %w", name, err)
	}
	return a.Pair().Cert, nil
}

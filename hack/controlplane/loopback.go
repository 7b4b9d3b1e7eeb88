package controlplane

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

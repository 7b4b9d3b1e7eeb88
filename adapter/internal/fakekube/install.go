package fakekube

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	certutil "k8s.io/client-go/util/cert"
)

// Names of objects in the manifests.
const (
	Namespace  = "deepscaler-system"
	Secret     = "deepscaler-adapter-certificate"
	Lease      = "deepscaler-learner"
	Service    = "deepscaler-adapter"
	APIService = "v1beta1.external.metrics.k8s.io"
)

// Install creates the objects that the adapter expects: the empty Secret and Lease,
// the APIService without a caBundle, and the authentication settings that
// kube-apiserver publishes for its extensions.
func (s *Server) Install() error {
	if err := s.Put(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: Secret}}, "secrets"); err != nil {
		return err
	}
	if err := s.Register(APIService, Namespace, Service); err != nil {
		return err
	}
	if err := s.Put(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: Lease}}, "leases"); err != nil {
		return err
	}
	ca, _, err := certutil.GenerateSelfSignedCertKey("front-proxy", nil, nil)
	if err != nil {
		return err
	}
	return s.Put(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "extension-apiserver-authentication"},
		Data: map[string]string{
			"client-ca-file": string(ca), "requestheader-client-ca-file": string(ca),
			"requestheader-username-headers": `["X-Remote-User"]`, "requestheader-group-headers": `["X-Remote-Group"]`,
			"requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`, "requestheader-allowed-names": `[]`,
		},
	}, "configmaps")
}

// Register creates or replaces the APIService of that name, <version>.<group>, so that
// it leads to a Service. It has no caBundle.
func (s *Server) Register(name, namespace, service string) error {
	version, group, _ := strings.Cut(name, ".")
	return s.Put(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": name, "uid": name},
		"spec": map[string]any{
			"group": group, "version": version,
			"service": map[string]any{"namespace": namespace, "name": service},
		},
	}}, "apiservices")
}

// Autoscaler returns an autoscaler of the Deployment of the same name by the
// metric, from 1 to 9.
func Autoscaler(namespace, name string) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MaxReplicas:    9,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{
					Name:     "deepscaler_desired_replicas",
					Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"service": name}},
				},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewQuantity(1, resource.DecimalSI)},
			}}},
		},
	}
}

// PutAutoscaler creates or replaces an autoscaler.
func (s *Server) PutAutoscaler(hpa *autoscalingv2.HorizontalPodAutoscaler) error {
	return s.Put(hpa, "horizontalpodautoscalers")
}

// Kubeconfig returns a kubeconfig file for the cluster.
func (s *Server) Kubeconfig() []byte {
	return fmt.Appendf(nil, strings.TrimSpace(`
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
`), s.URL)
}

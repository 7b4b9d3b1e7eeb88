package knowledge

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/estimator"
)

// rolloutHash is the label by which Argo Rollouts name their ReplicaSets.
const rolloutHash = "rollouts-pod-template-hash"

// ServiceOf returns the workload that a pod belongs to, by its owner references alone. A
// ReplicaSet is named after its Deployment and the hash that its pods have as a label.
func ServiceOf(pod *corev1.Pod) (estimator.Service, bool) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return estimator.Service{}, false
	}
	name := owner.Name
	switch owner.Kind {
	case "ReplicaSet":
		for _, label := range [2]string{appsv1.DefaultDeploymentUniqueLabelKey, rolloutHash} {
			if hash := pod.Labels[label]; hash != "" {
				if deployment, cut := strings.CutSuffix(name, hash); cut && strings.HasSuffix(deployment, "-") {
					name = strings.TrimSuffix(deployment, "-")
					break
				}
			}
		}
	case "StatefulSet", "ReplicationController":
	default:
		return estimator.Service{}, false
	}
	return estimator.Service{Namespace: pod.Namespace, Name: name}, true
}

// Serves returns the service of a pod that has a node and is to stay there.
func (a *Application) Serves(p *corev1.Pod) (service int, stays bool) {
	if p.Spec.NodeName == "" || p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodFailed || p.Status.Phase == corev1.PodSucceeded {
		return 0, false
	}
	owner, managed := ServiceOf(p)
	if !managed {
		return 0, false
	}
	service, stays = a.Index[owner]
	return service, stays
}

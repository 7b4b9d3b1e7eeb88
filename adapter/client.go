package adapter

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// client has the APIs of the cluster that the adapter uses. The clientset of
// client-go would load the code of every API group and waste memory.
type client struct {
	autoscaling  *autoscalingv2client.AutoscalingV2Client
	core         *corev1client.CoreV1Client
	coordination *coordinationv1client.CoordinationV1Client
}

// newClient returns a client. It connects with the first request.
func newClient(config *rest.Config) (*client, error) {
	config = protobuf(config)
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	autoscaling, err := autoscalingv2client.NewForConfigAndClient(config, h)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	core, err := corev1client.NewForConfigAndClient(config, h)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	coordination, err := coordinationv1client.NewForConfigAndClient(config, h)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	return &client{autoscaling: autoscaling, core: core, coordination: coordination}, nil
}

// AutoscalingV2 implements [discovery.Client].
func (c *client) AutoscalingV2() autoscalingv2client.AutoscalingV2Interface { return c.autoscaling }

// protobuf is about half the size of JSON and takes a fraction of the time.
func protobuf(c *rest.Config) *rest.Config {
	c = rest.CopyConfig(c)
	c.ContentType = runtime.ContentTypeProtobuf
	c.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	return c
}

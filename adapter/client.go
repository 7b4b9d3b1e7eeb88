package adapter

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// client is what the adapter itself asks of the cluster. The clientset of
// client-go would bring the code of every API group into the process, which is
// resident for nothing.
type client struct {
	autoscaling *autoscalingv2client.AutoscalingV2Client
	events      corev1client.EventInterface
}

// newClient returns a client that has not connected to anything yet.
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
	return &client{autoscaling: autoscaling, events: core.Events("")}, nil
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

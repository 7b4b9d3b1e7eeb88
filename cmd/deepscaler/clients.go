package main

import (
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorizationv1client "k8s.io/client-go/kubernetes/typed/authorization/v1"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// clients are the APIs of a cluster that the commands for its users read. The clientset of
// client-go would link the code of every API group, which the adapter, the same program,
// would then have in memory.
type clients struct {
	apps          *appsv1client.AppsV1Client
	authorization *authorizationv1client.AuthorizationV1Client
	autoscaling   *autoscalingv2client.AutoscalingV2Client
	core          *corev1client.CoreV1Client
}

// newClients returns clients that connect with their first requests.
func newClients(config *rest.Config) (*clients, error) {
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	c := &clients{}
	if c.apps, err = appsv1client.NewForConfigAndClient(config, h); err != nil {
		return nil, err
	}
	if c.authorization, err = authorizationv1client.NewForConfigAndClient(config, h); err != nil {
		return nil, err
	}
	if c.autoscaling, err = autoscalingv2client.NewForConfigAndClient(config, h); err != nil {
		return nil, err
	}
	c.core, err = corev1client.NewForConfigAndClient(config, h)
	return c, err
}

// The methods have the names of the clientset's, for what the packages of the commands ask for.

func (c *clients) AppsV1() appsv1client.AppsV1Interface { return c.apps }
func (c *clients) AuthorizationV1() authorizationv1client.AuthorizationV1Interface {
	return c.authorization
}
func (c *clients) AutoscalingV2() autoscalingv2client.AutoscalingV2Interface { return c.autoscaling }
func (c *clients) CoreV1() corev1client.CoreV1Interface                      { return c.core }

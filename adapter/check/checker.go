package check

import (
	"context"
	"slices"
	"time"

	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorizationv1client "k8s.io/client-go/kubernetes/typed/authorization/v1"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

// Client is the part of a [k8s.io/client-go/kubernetes.Interface] that a [Checker] needs.
type Client interface {
	AppsV1() appsv1client.AppsV1Interface
	AuthorizationV1() authorizationv1client.AuthorizationV1Interface
	AutoscalingV2() autoscalingv2client.AutoscalingV2Interface
	CoreV1() corev1client.CoreV1Interface
}

// Adapter describes what it plans. [explain.Client] implements it.
type Adapter interface {
	Describe(ctx context.Context, q explain.Query) (*explain.Document, error)
}

// Checker looks at a cluster. It changes nothing.
type Checker struct {
	Client Client
	// APIs returns the metrics APIs of the cluster; see [registration.Lookup].
	APIs    func(context.Context) ([]registration.API, error)
	Adapter Adapter
	// Namespace is where the adapter is, unless a metrics API leads to another one.
	Namespace string
	// Config is the configuration of the adapter; nil to read it from the cluster.
	Config *config.Adapter
	// PrometheusURL and Preset replace those of the configuration, unless they are empty.
	PrometheusURL, Preset string
	Now                   func() time.Time
}

// Check returns what a namespace with workloads has and lacks. It looks at everything,
// also after something has failed.
func (c *Checker) Check(ctx context.Context, namespace string) *Report {
	r := &Report{Namespace: namespace, Time: c.Now().UTC()}
	apis, owners := c.apis(ctx)
	system := c.Namespace
	for _, a := range owners {
		if a.Ours {
			system = a.Service.Namespace
		}
	}
	file, known, configured := c.configuration(ctx, system)
	var consent discovery.Consent
	if known {
		consent = file.Consent()
	}
	a := c.autoscalers(ctx, namespace, elsewhere(owners), consent)
	r.Items = slices.Concat(
		c.rights(ctx, namespace, system).items, apis.items, c.adapter(ctx, system).items, c.plan(ctx, namespace, owners).items,
		configured.items, c.telemetry(ctx, file, a).items, a.section.items)
	return r
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
	"github.com/deepscaler/deepscaler/test/stack"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/manifest"
)

const (
	shop = "shop"
	step = 15 * time.Second
)

// side is a server of the external metrics API.
type side struct {
	name string
	// host is the server itself.
	host     string
	programs []*process.Process
	// paths are the reads of its HPAs.
	paths []string
	// route is the specification of the APIService that leads to it.
	route json.RawMessage
}

// bench is the control plane with all sides on it.
type bench struct {
	*stack.Stack
	options

	// description is the file that describes the application.
	description string
	application *stack.Application
	sides       []*side
	// token is that of the reader.
	token string
}

// prepare starts the sides. Afterwards the API aggregator leads to the last.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.description, err = describe(b.Cluster.Dir(), b.services); err != nil {
		return err
	}
	if b.application, err = b.StartApplication(ctx, stack.ApplicationOptions{Description: b.description, Namespace: shop, Load: []string{"--rps", "2"}}); err != nil {
		return err
	}
	if b.token, err = b.reader(ctx); err != nil {
		return fmt.Errorf("make a reader: %w", err)
	}
	if err := b.deepScaler(ctx); err != nil {
		return err
	}
	return b.keda(ctx)
}

// reader returns the token of a service account that may read external metrics.
func (b *bench) reader(ctx context.Context) (string, error) {
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "reads"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{external.GroupName}, Resources: []string{"*"}, Verbs: []string{"list"}},
	}}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: role.ObjectMeta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: shop, Name: "reader"}}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "reader"}}
	_, roleErr := b.Client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	_, bindingErr := b.Client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	_, accountErr := b.Client.CoreV1().ServiceAccounts(shop).Create(ctx, account, metav1.CreateOptions{})
	if err := errors.Join(roleErr, bindingErr, accountErr); err != nil {
		return "", err
	}
	token, err := b.Client.CoreV1().ServiceAccounts(shop).CreateToken(ctx, account.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return token.Status.Token, nil
}

func (b *bench) deepScaler(ctx context.Context) error {
	for _, service := range b.application.Services {
		hpa := stack.HPA(shop, service, 1, 3, 5*time.Minute)
		if _, err := b.Client.AutoscalingV2().HorizontalPodAutoscalers(shop).Create(ctx, hpa, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	adapter, err := b.StartAdapter(ctx, stack.AdapterOptions{
		Name: "adapter", Prometheus: b.application.Prometheus.URL(), Step: step, Window: 12, RateWindow: time.Minute, LeadTime: 2 * step, SLO: b.application.SLO,
	})
	if err != nil {
		return err
	}
	return b.add(ctx, shop, &side{name: "DeepScaler", host: adapter.RESTConfig().Host, programs: []*process.Process{adapter.Process}})
}

func (b *bench) keda(ctx context.Context) error {
	keda, err := b.StartKEDA(ctx)
	if err != nil {
		return err
	}
	description, err := app.Load(b.description)
	if err != nil {
		return err
	}
	for _, cached := range []bool{false, true} {
		name, namespace := "KEDA", "shop-of-keda"
		if cached {
			name, namespace = "KEDA with useCachedMetrics", "shop-of-keda-cached"
		}
		var objects bytes.Buffer
		write := json.NewEncoder(&objects)
		errs := []error{write.Encode(&corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: namespace}})}
		for _, d := range manifest.Deployments(description, namespace) {
			errs = append(errs, write.Encode(d), write.Encode(b.scaledObject(d.Namespace, d.Name, cached)))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		if _, err := b.Kubectl(ctx, objects.Bytes(), "apply", "--server-side", "-f", "-"); err != nil {
			return err
		}
		s := &side{name: name, host: "https://127.0.0.1:" + strconv.Itoa(keda.Port()), programs: []*process.Process{keda.Server, keda.Operator}}
		if err := b.add(ctx, namespace, s); err != nil {
			return err
		}
	}
	return nil
}

// scaledObject scales a Deployment by the requests of the service in the shop.
func (b *bench) scaledObject(namespace, name string, cached bool) map[string]any {
	return map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": map[string]any{"namespace": namespace, "name": name},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"name": name}, "minReplicaCount": 1, "maxReplicaCount": 3,
			"triggers": []any{map[string]any{"type": "prometheus", "useCachedMetrics": cached, "metadata": map[string]any{
				"serverAddress": b.application.Prometheus.URL(), "threshold": "100",
				"query": fmt.Sprintf(`sum(rate(istio_requests_total{reporter="destination",destination_workload=%q,destination_workload_namespace=%q}[1m]))`, name, shop),
			}}},
		},
	}
}

// add waits until a side serves every service, and adds it.
func (b *bench) add(ctx context.Context, namespace string, s *side) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fmt.Fprintln(os.Stderr, "waiting until", s.name, "answers")
	err := stack.Eventually(ctx, s.name+" has an HPA for each service", func(ctx context.Context) error {
		hpas, err := b.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
		if err == nil && len(hpas.Items) < len(b.application.Services) {
			err = fmt.Errorf("%d of %d", len(hpas.Items), len(b.application.Services))
		}
		if err != nil {
			return err
		}
		s.paths = nil
		for i := range hpas.Items {
			s.paths = append(s.paths, path(&hpas.Items[i]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	out, err := b.Kubectl(ctx, nil, "get", "apiservice", "v1beta1."+external.GroupName, "-o", "jsonpath={.spec}")
	if err != nil {
		return err
	}
	s.route = out
	b.sides = append(b.sides, s)
	return b.answers(ctx, s, s.host)
}

// path is what the controller of an HPA reads.
func path(hpa *autoscalingv2.HorizontalPodAutoscaler) string {
	metric := hpa.Spec.Metrics[0].External.Metric
	return "/apis/" + external.GroupName + "/v1beta1/namespaces/" + hpa.Namespace + "/" + metric.Name +
		"?labelSelector=" + url.QueryEscape(metav1.FormatLabelSelector(metric.Selector))
}

// answers waits until a host answers every read of a side.
func (b *bench) answers(ctx context.Context, s *side, host string) error {
	c := b.client(host)
	defer c.CloseIdleConnections()
	return stack.Eventually(ctx, s.name+" answers", func(ctx context.Context) error {
		for _, path := range s.paths {
			if err := c.read(ctx, path); err != nil {
				return err
			}
		}
		return nil
	})
}

// lead points the API aggregator at a side.
func (b *bench) lead(ctx context.Context, s *side) error {
	patch := fmt.Appendf(nil, `{"spec": %s}`, s.route)
	if _, err := b.Kubectl(ctx, nil, "patch", "apiservice", "v1beta1."+external.GroupName, "--type=merge", "-p", string(patch)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.answers(ctx, s, b.Cluster.RESTConfig().Host)
}

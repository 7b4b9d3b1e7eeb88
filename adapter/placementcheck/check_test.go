package placementcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// adapter has the items of metrics by namespace/metric.
type adapter map[string][]external.ExternalMetricValue

func (a adapter) Read(_ context.Context, namespace, metric string) ([]external.ExternalMetricValue, error) {
	return a[namespace+"/"+metric], nil
}

func item(value string, labels ...string) external.ExternalMetricValue {
	window := int64(15)
	i := external.ExternalMetricValue{
		Timestamp: metav1.NewTime(noon), WindowSeconds: &window, Value: resource.MustParse(value),
		MetricLabels: map[string]string{discovery.ApplicationLabel: "shop"},
	}
	for k := 0; k < len(labels); k += 2 {
		i.MetricLabels[labels[k]] = labels[k+1]
	}
	return i
}

// shop has a front that users call and that calls a cart.
func shop() adapter {
	return adapter{
		"shop/" + discovery.Metric: {item("3", discovery.ServiceLabel, "front"), item("3", discovery.ServiceLabel, "cart")},
		"shop/" + discovery.CallRateMetric: {
			item("10", discovery.SourceLabel, "", discovery.DestinationLabel, "shop/front"),
			item("30", discovery.SourceLabel, "shop/front", discovery.DestinationLabel, "shop/cart"),
		},
	}
}

func node(name, zone string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	if zone != "" {
		n.Labels[corev1.LabelTopologyZone] = zone
	}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("4Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	return n
}

// pod is the one of a Deployment on a node that was created at a second.
func pod(deployment, node string, second int) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: fmt.Sprint(deployment, "-", second), Labels: map[string]string{"app": deployment, "pod-template-hash": "77"},
			CreationTimestamp: metav1.NewTime(noon.Add(time.Duration(second) * time.Second)),
			OwnerReferences:   []metav1.OwnerReference{{Kind: "ReplicaSet", Name: deployment + "-77", Controller: new(true)}},
		},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
		}}}}},
	}
}

func service(name, distribution string) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: corev1.ServiceSpec{ClusterIP: "10.0.0.1", Selector: map[string]string{"app": name}}}
	if distribution != "" {
		s.Spec.TrafficDistribution = &distribution
	}
	return s
}

// crossed has the fronts in zone a and the carts in zone b.
func crossed() []runtime.Object {
	return []runtime.Object{
		node("a1", "a"), node("a2", "a"), node("b1", "b"), node("b2", "b"),
		pod("front", "a1", 0), pod("front", "a2", 1), pod("cart", "b1", 2), pod("cart", "b2", 3),
	}
}

// even has one pod of each service in each zone, on the same node.
func even() []runtime.Object {
	return []runtime.Object{node("a1", "a"), node("b1", "b"), pod("front", "a1", 0), pod("front", "b1", 1), pod("cart", "a1", 2), pod("cart", "b1", 3)}
}

func check(t *testing.T, a adapter, service string, objects []runtime.Object) ([]*Report, error) {
	t.Helper()
	c := &Checker{Client: fake.NewClientset(objects...), Adapter: a, Now: func() time.Time { return noon }}
	return c.Check(t.Context(), "shop", service)
}

func TestAdvice(t *testing.T) {
	const plugin, zone, nothing = "Have DeepScaler's scheduler place the pods", "Set trafficDistribution on shop/cart:", "Nothing:"
	for _, c := range []struct {
		name      string
		objects   []runtime.Object
		now, both string // cross-zone
		want      []string
	}{
		{"callers and callees apart", append(crossed(), service("cart", "")), "1.00", "0.00", []string{plugin, zone}},
		{"callers and callees apart, routed", append(crossed(), service("cart", "PreferSameZone")), "1.00", "0.00", []string{plugin}},
		{"good layout, calls go anywhere", append(even(), service("cart", "")), "0.50", "0.00", []string{zone}},
		{"good layout, routed by the former name", append(even(), service("cart", "PreferClose")), "0.00", "0.00", []string{nothing}},
		{"a lone callee in the zone of most callers", append(even(), service("cart", ""), node("b2", "b"), pod("cart", "b2", 4), pod("cart", "b2", 5), pod("cart", "b2", 6)), "0.50", "0.00", []string{plugin, zone}},
		{"no Service", even(), "0.50", "0.50", []string{nothing}},
	} {
		reports, err := check(t, shop(), "", c.objects)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		r := reports[0]
		if now, both := number(r.Now.CrossZone), number(r.PluginSameZone.CrossZone); now != c.now || both != c.both {
			t.Errorf("%s: %s of the calls cross zones, and %s with the plugin and PreferSameZone, want %s and %s", c.name, now, both, c.now, c.both)
		}
		if !slices.EqualFunc(r.Advice, c.want, strings.HasPrefix) {
			t.Errorf("%s: advice is %q, want %q", c.name, r.Advice, c.want)
		}
	}
}

// Pods stay off nodes that are full or that they may not use.
func TestReplayObeysTheCluster(t *testing.T) {
	tainted := node("b2", "b")
	tainted.Spec.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}
	cordoned := node("a2", "a")
	cordoned.Spec.Unschedulable = true
	full := pod("batch", "b3", 9)
	full.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("950m")
	selecting := pod("front", "a1", 0)
	selecting.Spec.NodeSelector = map[string]string{corev1.LabelTopologyZone: "a"}
	reports, err := check(t, shop(), "", []runtime.Object{
		node("a1", "a"), cordoned, node("b1", "b"), tainted, node("b3", "b"), full, service("cart", ""),
		selecting, pod("front", "a1", 1), pod("cart", "b1", 2), pod("cart", "b1", 3), pod("cart", "", 4),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range reports[0].Services {
		for _, p := range s.Pods {
			if p.PluginNode != "a1" && p.PluginNode != "b1" || p.Name == "front-0" && p.PluginNode != "a1" {
				t.Errorf("the plugin would have put %s on %s", p.Name, p.PluginNode)
			}
		}
	}
	if want := []string{"1 pods without a node are left out"}; !slices.Equal(reports[0].Notes, want) {
		t.Errorf("notes are %q, want %q", reports[0].Notes, want)
	}
}

func TestWrite(t *testing.T) {
	objects := append(crossed(), service("front", ""), service("cart", ""))
	objects[4].(*corev1.Pod).Spec.SchedulerName = schedulerName
	reports, err := check(t, shop(), "", objects)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Write(&out, reports); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/report.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if reports, err = check(t, shop(), "cart", objects); err != nil || len(reports[0].Services) != 1 || reports[0].Services[0].Name != "cart" {
		t.Errorf("asked for cart alone, the reports are %+v, %v", reports, err)
	}
}

// Errors state what to do.
func TestErrors(t *testing.T) {
	without := func(metric string) adapter {
		a := shop()
		delete(a, "shop/"+metric)
		return a
	}
	for _, c := range []struct {
		name    string
		adapter adapter
		service string
		objects []runtime.Object
		want    string
	}{
		{"no DeepScaler", adapter{}, "", crossed(), "kubectl deepscaler check -n shop"},
		{"no call rates", without(discovery.CallRateMetric), "", crossed(), "lists deepscaler_call_rate if the adapter is new enough"},
		{"no such service", shop(), "pay", crossed(), "kubectl deepscaler status -n shop"},
		{"one zone", shop(), "", []runtime.Object{node("a1", "a"), node("a2", "a"), pod("front", "a1", 0)}, "nothing to gain"},
		{"no zones", shop(), "", []runtime.Object{node("a1", ""), node("a2", ""), pod("front", "a1", 0)}, "label the nodes"},
		{"no nodes", shop(), "", nil, "no nodes"},
		{"no pods", shop(), "", []runtime.Object{node("a1", "a"), node("b1", "b")}, "none of its pods"},
		{"no pods of the callee", shop(), "", []runtime.Object{node("a1", "a"), node("b1", "b"), pod("front", "a1", 0)}, "no two of its services"},
	} {
		if _, err := check(t, c.adapter, c.service, c.objects); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	client := fake.NewClientset(crossed()...)
	client.PrependReactor("list", "nodes", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "", errors.New("no"))
	})
	c := &Checker{Client: client, Adapter: shop(), Now: func() time.Time { return noon }}
	if _, err := c.Check(t.Context(), "shop", ""); err == nil || !strings.Contains(err.Error(), "the right to list nodes") {
		t.Errorf("without the right to list nodes the error is %v", err)
	}
}

// The plugin ignores an old plan, and the report notes its age.
func TestStalePlan(t *testing.T) {
	c := &Checker{Client: fake.NewClientset(append(even(), service("cart", ""))...), Adapter: shop(), Now: func() time.Time { return noon.Add(time.Hour) }}
	reports, err := c.Check(t.Context(), "shop", "")
	if err != nil || len(reports[0].Notes) != 1 || !strings.Contains(reports[0].Notes[0], "1h0m0s old") {
		t.Errorf("reports %+v, %v, want a note about the age", reports, err)
	}
}

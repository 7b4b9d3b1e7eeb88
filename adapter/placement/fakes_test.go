package placement

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-scheduler/framework"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// adapter answers like one, or fails.
type adapter struct {
	items map[string][]external.ExternalMetricValue // by namespace/metric
	err   error
	reads int
}

func (a *adapter) Read(_ context.Context, namespace, metric string) ([]external.ExternalMetricValue, error) {
	a.reads++
	return a.items[namespace+"/"+metric], a.err
}

func item(made time.Time, value string, labels ...string) external.ExternalMetricValue {
	window := int64(15)
	i := external.ExternalMetricValue{
		Timestamp: metav1.NewTime(made), WindowSeconds: &window, Value: resource.MustParse(value),
		MetricLabels: map[string]string{discovery.ApplicationLabel: "shop"},
	}
	for k := 0; k < len(labels); k += 2 {
		i.MetricLabels[labels[k]] = labels[k+1]
	}
	return i
}

// shop has a front that users call and that calls a cart; each needs so many replicas.
func shop(made time.Time, front, cart int) map[string][]external.ExternalMetricValue {
	return map[string][]external.ExternalMetricValue{
		"shop/" + discovery.Metric: {
			item(made, fmt.Sprint(front), discovery.ServiceLabel, "front"),
			item(made, fmt.Sprint(cart), discovery.ServiceLabel, "cart"),
		},
		"shop/" + discovery.CallRateMetric: {
			item(made, "10", discovery.SourceLabel, "", discovery.DestinationLabel, "shop/front"),
			item(made, "30", discovery.SourceLabel, "shop/front", discovery.DestinationLabel, "shop/cart"),
		},
	}
}

// podOf is a pod of a Deployment that asks for 100m.
func podOf(namespace, deployment string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: deployment + "-6d4cf56db6-x2x2x", Labels: map[string]string{"pod-template-hash": "6d4cf56db6"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: deployment + "-6d4cf56db6", Controller: new(true)}},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
		}}}}},
	}
}

// node is a node of 1 core with pods, as the scheduler's snapshot has it.
type node struct {
	framework.NodeInfo
	object     *corev1.Node
	generation int64
	pods       []framework.PodInfo
}

func newNode(name, zone string, pods ...*corev1.Pod) *node {
	n := &node{object: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelTopologyZone: zone}}}}
	n.set(pods...)
	return n
}

func (n *node) set(pods ...*corev1.Pod) {
	n.generation++
	n.pods = nil
	for _, p := range pods {
		n.pods = append(n.pods, podInfo{pod: p})
	}
}

func (n *node) Node() *corev1.Node                 { return n.object }
func (n *node) GetGeneration() int64               { return n.generation }
func (n *node) GetPods() []framework.PodInfo       { return n.pods }
func (n *node) GetAllocatable() framework.Resource { return amount{1000, 4 << 30, 110} }
func (n *node) GetRequested() framework.Resource {
	return amount{100 * int64(len(n.pods)), 64 << 20, 0}
}

type podInfo struct {
	framework.PodInfo
	pod *corev1.Pod
}

func (p podInfo) GetPod() *corev1.Pod { return p.pod }
func (p podInfo) CalculateResource() framework.PodResource {
	cpu := p.pod.Spec.Containers[0].Resources.Requests.Cpu().MilliValue()
	return framework.PodResource{Resource: amount{cpu, 64 << 20, 0}}
}

type amount struct {
	cpu, memory int64
	pods        int
}

func (a amount) GetMilliCPU() int64                                { return a.cpu }
func (a amount) GetMemory() int64                                  { return a.memory }
func (a amount) GetEphemeralStorage() int64                        { return 0 }
func (a amount) GetAllowedPodNumber() int                          { return a.pods }
func (a amount) GetScalarResources() map[corev1.ResourceName]int64 { return nil }
func (a amount) SetMaxResource(corev1.ResourceList)                {}

// handle has a snapshot of nodes.
type handle struct {
	framework.Handle
	framework.SharedLister
	framework.NodeInfoLister
	nodes []framework.NodeInfo
}

func (h *handle) SnapshotSharedLister() framework.SharedLister { return h }
func (h *handle) NodeInfos() framework.NodeInfoLister          { return h }
func (h *handle) List() ([]framework.NodeInfo, error)          { return h.nodes, nil }

// cycle is the state of a scheduling cycle.
type cycle struct {
	framework.CycleState
	data map[framework.StateKey]framework.StateData
}

func (c *cycle) Write(k framework.StateKey, v framework.StateData) { c.data[k] = v }
func (c *cycle) Read(k framework.StateKey) (framework.StateData, error) {
	if v, ok := c.data[k]; ok {
		return v, nil
	}
	return nil, framework.ErrNotFound
}

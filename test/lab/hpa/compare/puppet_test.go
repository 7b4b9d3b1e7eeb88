package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
)

const (
	group = "lab.deepscaler.io"
	kind  = "Puppet"
	label = "puppet"
	// rest is the time after a decision when a puppet moves: half-way to the next.
	rest = syncEvery / 2
)

func resourceOf(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: "v1", Resource: plural}
}

// definePuppets adds a kind of scale target that no other controller acts on.
func (s *site) definePuppets(t *testing.T) {
	t.Helper()
	open := object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	crd := &unstructured.Unstructured{Object: object{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": object{"name": "puppets." + group},
		"spec": object{
			"group": group, "scope": "Namespaced",
			"names": object{"kind": kind, "listKind": kind + "List", "plural": "puppets", "singular": "puppet"},
			"versions": []any{object{
				"name": "v1", "served": true, "storage": true,
				"schema": object{"openAPIV3Schema": object{"type": "object", "properties": object{"spec": open, "status": open}}},
				"subresources": object{"status": object{}, "scale": object{
					"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector",
				}},
			}},
		},
	}}
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	if _, err := s.objects.Resource(crds).Create(t.Context(), crd, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "puppets are served", func() error {
		_, err := s.objects.Resource(resourceOf("puppets")).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
		return err
	})
}

// decision is what the controller saw at a time, and what it made of it.
type decision struct {
	at   time.Time
	spec *autoscalingv2.HorizontalPodAutoscalerSpec
	seen hpa.Observation
	// names of the pods.
	names []string
	// replicas afterwards; -1 while that is not known.
	replicas int
}

// puppet is a scale target with its HPA and its pods. It answers the controller's requests for
// metrics and notes what it answered.
type puppet struct {
	*site
	name   string
	random *rand.Rand

	mu     sync.Mutex
	spec   *autoscalingv2.HorizontalPodAutoscalerSpec
	status int
	names  []string
	pods   []hpa.Pod
	born   int
	ratio  float64 // of metrics to their targets
	last   *decision
	told   []*decision
	err    error
}

// create makes the target with its first pods, and then the HPA.
func (p *puppet) create(ctx context.Context, replicas int) error {
	o := &unstructured.Unstructured{Object: object{
		"apiVersion": group + "/v1", "kind": kind, "metadata": object{"name": p.name, "namespace": namespace},
		"spec": object{"replicas": int64(replicas)},
	}}
	targets := p.objects.Resource(resourceOf("puppets")).Namespace(namespace)
	if _, err := targets.Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return err
	}
	for range replicas {
		if err := p.addPod(ctx); err != nil {
			return err
		}
	}
	if err := p.setStatus(ctx, replicas); err != nil {
		return err
	}
	_, err := p.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Create(ctx, &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: p.name}, Spec: *p.spec,
	}, metav1.CreateOptions{})
	return err
}

func (p *puppet) setStatus(ctx context.Context, replicas int) error {
	p.status = replicas
	patch := fmt.Appendf(nil, `{"status":{"replicas":%d,"selector":"%s=%s"}}`, replicas, label, p.name)
	_, err := p.objects.Resource(resourceOf("puppets")).Namespace(namespace).Patch(ctx, p.name, "application/merge-patch+json", patch, metav1.PatchOptions{}, "status")
	return err
}

// reading returns the reading of a metric in the present decision. The first metric of the spec
// begins a new one.
func (p *puppet) reading(metric string) (hpa.Reading, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.spec.Metrics, func(m autoscalingv2.MetricSpec) bool { return nameOf(m) == metric })
	if i < 0 {
		return hpa.Reading{}, time.Time{}, fmt.Errorf("%s has no metric %s", p.name, metric)
	}
	if i == 0 {
		if err := p.begin(); err != nil {
			p.err = err
			return hpa.Reading{}, time.Time{}, err
		}
	}
	if p.last == nil {
		return hpa.Reading{}, time.Time{}, fmt.Errorf("%s was asked for metric %s first", p.name, metric)
	}
	return p.last.seen.Metrics[i], p.last.at, nil
}

func nameOf(m autoscalingv2.MetricSpec) string {
	switch m.Type {
	case autoscalingv2.PodsMetricSourceType:
		return m.Pods.Metric.Name
	case autoscalingv2.ExternalMetricSourceType:
		return m.External.Metric.Name
	}
	return cpu
}

// begin notes a new decision. What the target has now is what the one before made of it,
// since the controller works on one decision of an HPA at a time.
func (p *puppet) begin() error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	o, err := p.objects.Resource(resourceOf("puppets")).Namespace(namespace).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	replicas, _, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil {
		return err
	}
	p.ended(int(replicas))
	d := &decision{at: time.Now(), spec: p.spec, names: slices.Clone(p.names), replicas: -1, seen: hpa.Observation{
		Replicas: int(replicas), StatusReplicas: p.status, Pods: slices.Clone(p.pods),
	}}
	for _, m := range p.spec.Metrics {
		d.seen.Metrics = append(d.seen.Metrics, p.invent(m, d))
	}
	p.last = d
	p.told = append(p.told, d)
	return nil
}

// ended notes what the decisions so far came to.
func (p *puppet) ended(replicas int) {
	for _, d := range slices.Backward(p.told) {
		if d.replicas >= 0 {
			break
		}
		d.replicas = replicas
	}
}

// invent makes up the reading of a metric: around the target, far from it, none at all.
func (p *puppet) invent(m autoscalingv2.MetricSpec, d *decision) hpa.Reading {
	r := p.random
	if r.IntN(3) == 0 {
		p.ratio = []float64{1, 1.1, 0.9, 0.95, 0, 0.3 + 0.6*r.Float64(), 1 + r.Float64(), 1 + 3*r.Float64()}[r.IntN(8)]
	}
	ratio := p.ratio
	fine := func(v float64) float64 { return math.Round(v*1000) / 1000 }
	if m.Type == autoscalingv2.ExternalMetricSourceType {
		if r.IntN(20) == 0 {
			return hpa.Reading{Value: math.NaN()}
		}
		if q := m.External.Target.AverageValue; q != nil {
			return hpa.Reading{Value: fine(ratio * q.AsApproximateFloat64() * float64(max(1, d.seen.StatusReplicas)))}
		}
		return hpa.Reading{Value: fine(ratio * m.External.Target.Value.AsApproximateFloat64())}
	}
	each := 0.0
	switch {
	case m.Type == autoscalingv2.PodsMetricSourceType:
		each = m.Pods.Target.AverageValue.AsApproximateFloat64()
	case m.Resource.Target.AverageValue != nil:
		each = m.Resource.Target.AverageValue.AsApproximateFloat64()
	default:
		each = request * float64(*m.Resource.Target.AverageUtilization) / 100
	}
	reading := hpa.Reading{}
	gaps := []int{2, 8, 1000, 1000}[r.IntN(4)] // one in so many has no sample
	for range d.seen.Pods {
		s := hpa.Sample{Value: fine(each * ratio * (0.9 + 0.2*r.Float64())), At: d.at.Truncate(time.Second), Window: 5 * time.Second}
		if r.IntN(gaps) == 0 {
			s.Value = math.NaN()
		}
		reading.Pods = append(reading.Pods, s)
	}
	return reading
}

// request is what every pod requests, in cores.
const request = 0.4

// addPod makes a pod that nothing schedules or runs.
func (p *puppet) addPod(ctx context.Context) error {
	p.born++
	name := fmt.Sprintf("%s-%d", p.name, p.born)
	pod, err := p.client.CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{label: p.name}, Finalizers: []string{group + "/held"}},
		Spec: corev1.PodSpec{
			SchedulerName: "nobody",
			Containers: []corev1.Container{{Name: "main", Image: "none", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("400m")},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	p.names = append(p.names, pod.Name)
	p.pods = append(p.pods, hpa.Pod{Phase: hpa.Pending, Request: request})
	return p.changePod(ctx, len(p.pods)-1)
}

// changePod gives a pod another state: mostly one that has long been ready.
func (p *puppet) changePod(ctx context.Context, i int) error {
	now := time.Now().Truncate(time.Second)
	r := p.random
	pod := hpa.Pod{Request: request, Deleting: p.pods[i].Deleting, Started: now.Add(-time.Duration(1+r.IntN(900)) * time.Second), Ready: r.IntN(3) > 0}
	// Ready since the start, for a while, or only now.
	pod.ReadySince = pod.Started.Add(time.Duration([]float64{0, 20, 40, now.Sub(pod.Started).Seconds()}[r.IntN(4)]) * time.Second)
	status := corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &metav1.Time{Time: pod.Started}}
	switch r.IntN(12) {
	case 0:
		pod.Phase, status.Phase = hpa.Pending, corev1.PodPending
	case 1:
		pod.Phase, status.Phase = hpa.Failed, corev1.PodFailed
	case 2:
		pod.Started, status.StartTime = time.Time{}, nil
	}
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.Time{Time: pod.ReadySince}}
	if pod.Ready {
		condition.Status = corev1.ConditionTrue
	}
	status.Conditions = []corev1.PodCondition{condition}
	old, err := p.client.CoreV1().Pods(namespace).Get(ctx, p.names[i], metav1.GetOptions{})
	if err != nil {
		return err
	}
	old.Status = status
	if _, err := p.client.CoreV1().Pods(namespace).UpdateStatus(ctx, old, metav1.UpdateOptions{}); err != nil {
		return err
	}
	p.pods[i] = pod
	return nil
}

// endPod deletes a pod, which its finalizer holds until it is released.
func (p *puppet) endPod(ctx context.Context, i int) error {
	pods := p.client.CoreV1().Pods(namespace)
	if !p.pods[i].Deleting {
		p.pods[i].Deleting = true
		return pods.Delete(ctx, p.names[i], metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	}
	if _, err := pods.Patch(ctx, p.names[i], "application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	p.names, p.pods = slices.Delete(p.names, i, i+1), slices.Delete(p.pods, i, i+1)
	return nil
}

// move changes what the controller will see in its next decision.
func (p *puppet) move(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.random
	want := p.status
	if o, err := p.objects.Resource(resourceOf("puppets")).Namespace(namespace).Get(ctx, p.name, metav1.GetOptions{}); err == nil {
		n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		want = int(n)
	}
	// Pods follow within a decision or two, a few at a time.
	for range min(3, max(0, want-p.live())) {
		if err := p.addPod(ctx); err != nil {
			return err
		}
	}
	for i := len(p.pods) - 1; i >= 0; i-- {
		if p.pods[i].Deleting || p.live() > want {
			if err := p.endPod(ctx, i); err != nil {
				return err
			}
		}
	}
	for range min(r.IntN(3), len(p.pods)) {
		i := r.IntN(len(p.pods))
		if err := p.changePod(ctx, i); err != nil {
			return err
		}
	}
	if status := max(0, p.live()-r.IntN(2)); status != p.status {
		if err := p.setStatus(ctx, status); err != nil {
			return err
		}
	}
	if r.IntN(15) == 0 {
		return p.bound(ctx, want)
	}
	return nil
}

func (p *puppet) live() int {
	n := 0
	for _, pod := range p.pods {
		if !pod.Deleting {
			n++
		}
	}
	return n
}

// bound changes the maximum. A target above it is scaled in at once, without a look at
// the metrics.
func (p *puppet) bound(ctx context.Context, replicas int) error {
	time.Sleep(syncEvery / 10) // for the pods to arrive at the controller first
	spec := p.spec.DeepCopy()
	spec.MaxReplicas = max(2, *spec.MinReplicas) + int32(p.random.IntN(20))
	patch := fmt.Appendf(nil, `{"spec":{"maxReplicas":%d}}`, spec.MaxReplicas)
	if _, err := p.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Patch(ctx, p.name, "application/merge-patch+json", patch, metav1.PatchOptions{}); err != nil {
		return err
	}
	p.spec = spec
	if replicas > int(spec.MaxReplicas) {
		p.ended(replicas)
		p.told = append(p.told, &decision{at: time.Now(), spec: spec, replicas: -1, seen: hpa.Observation{Replicas: replicas}})
	}
	return nil
}

// play moves the puppet after each decision until ctx ends.
func (p *puppet) play(ctx context.Context) error {
	var moved *decision
	for {
		select {
		case <-ctx.Done():
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.err
		case <-time.After(50 * time.Millisecond):
		}
		p.mu.Lock()
		last := p.last
		p.mu.Unlock()
		if last == nil || last == moved || time.Since(last.at) < rest {
			continue
		}
		moved = last
		if err := p.move(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("move %s: %w", p.name, err)
		}
	}
}

package compare

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
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
	// hasty is that something had changed just before, which the controller may not have
	// noticed in time.
	hasty bool
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
	ratio  float64   // of metrics to their targets
	moved  time.Time // last
	last   *decision
	told   []*decision
	err    error
}

// create makes the target with its first pods, and then the HPA.
func (p *puppet) create(ctx context.Context, replicas int) error {
	defer func() { p.moved = time.Now() }()
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
func (p *puppet) reading(ctx context.Context, metric string) (hpa.Reading, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.spec.Metrics, func(m autoscalingv2.MetricSpec) bool { return nameOf(m) == metric })
	if i < 0 {
		return hpa.Reading{}, time.Time{}, fmt.Errorf("%s has no metric %s", p.name, metric)
	}
	if i == 0 {
		if err := p.begin(ctx); err != nil {
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
func (p *puppet) begin(ctx context.Context) error {
	o, err := p.objects.Resource(resourceOf("puppets")).Namespace(namespace).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	replicas, _, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil {
		return err
	}
	p.ended(int(replicas))
	now := time.Now()
	d := &decision{at: now, spec: p.spec, names: slices.Clone(p.names), replicas: -1, hasty: now.Sub(p.moved) < noticed, seen: hpa.Observation{
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

// move changes what the controller will see in its next decision.
func (p *puppet) move(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.moved = time.Now() }()
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
	for i := range slices.Backward(p.pods) {
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

// record returns what was decided so far.
func (p *puppet) record() []decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	record := make([]decision, len(p.told))
	for i, d := range p.told {
		record[i] = *d
	}
	return record
}

// failure returns the error of a decision that could not be noted.
func (p *puppet) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// play moves the puppet after each decision until ctx ends.
func (p *puppet) play(ctx context.Context) error {
	var moved *decision
	for {
		select {
		case <-ctx.Done():
			return p.failure()
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

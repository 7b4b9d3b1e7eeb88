package hpagenerator

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/hpacheck"
	"github.com/deepscaler/deepscaler/estimator"
)

// Client is the part of a [k8s.io/client-go/kubernetes.Interface] that a [Generator] needs.
type Client interface {
	AppsV1() appsv1client.AppsV1Interface
	AutoscalingV2() autoscalingv2client.AutoscalingV2Interface
}

// Generator makes autoscalers.
type Generator struct {
	Client Client
	// Way is how they read the metric, External or Object.
	Way discovery.Way
	// History decides the bounds; nil when only the present is known.
	History History
	// Except are the names of workloads to leave out, such as stores.
	Except []string
}

// Autoscaler is one to apply.
type Autoscaler struct {
	autoscalingv2.HorizontalPodAutoscaler
	// Why explains its bounds and where it comes from.
	Why string
}

// Result is what to apply, and what to know about it.
type Result struct {
	Autoscalers []Autoscaler
	// Notes are about workloads without an autoscaler and autoscalers with a fault.
	Notes []string
}

// Generate returns autoscalers for the Deployments and StatefulSets of a namespace, or of
// all with "", that do not follow the metric yet, ordered by namespace and name. A
// workload that another metric scales already keeps its autoscaler, with the metric added.
func (g *Generator) Generate(ctx context.Context, namespace string) (Result, error) {
	workloads, err := g.workloads(ctx, namespace)
	if err != nil {
		return Result{}, err
	}
	list, err := g.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return Result{}, fmt.Errorf("list horizontalpodautoscalers: %w", err)
	}
	history, err := g.history(ctx, workloads)
	if err != nil {
		return Result{}, err
	}
	there := newPresent(list.Items)
	var r Result
	for _, name := range g.Except {
		if !slices.ContainsFunc(workloads, func(w workload) bool { return w.service.Name == name }) {
			r.Notes = append(r.Notes, fmt.Sprintf("there is no workload %s to leave out", name))
		}
	}
	for _, w := range workloads {
		if slices.Contains(g.Except, w.service.Name) {
			continue
		}
		a, why := g.autoscaler(w, there, history[w.service])
		if why != "" {
			r.Notes = append(r.Notes, fmt.Sprintf("%s %s: %s", w.target.Kind, w.service, why))
		}
		if a != nil {
			there.put(&a.HorizontalPodAutoscaler)
			r.Autoscalers = append(r.Autoscalers, *a)
		}
	}
	r.Notes = append(r.Notes, faults(r.Autoscalers, there)...)
	return r, nil
}

// workload is something that an autoscaler can scale.
type workload struct {
	service  estimator.Service
	target   autoscalingv2.CrossVersionObjectReference
	replicas int32
	owner    *metav1.OwnerReference // what sets its replicas, if anything does
}

// workloads returns those of a namespace by namespace and name, Deployments first.
func (g *Generator) workloads(ctx context.Context, namespace string) ([]workload, error) {
	deployments, err := g.Client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	sets, err := g.Client.AppsV1().StatefulSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list statefulsets: %w", err)
	}
	var found []workload
	add := func(kind string, m *metav1.ObjectMeta, replicas *int32) {
		w := workload{
			service:  estimator.Service{Namespace: m.Namespace, Name: m.Name},
			target:   autoscalingv2.CrossVersionObjectReference{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: kind, Name: m.Name},
			replicas: 1, // the default of both kinds
			owner:    metav1.GetControllerOfNoCopy(m),
		}
		if replicas != nil {
			w.replicas = *replicas
		}
		found = append(found, w)
	}
	for i := range deployments.Items {
		add("Deployment", &deployments.Items[i].ObjectMeta, deployments.Items[i].Spec.Replicas)
	}
	for i := range sets.Items {
		add("StatefulSet", &sets.Items[i].ObjectMeta, sets.Items[i].Spec.Replicas)
	}
	slices.SortStableFunc(found, func(a, b workload) int { return a.service.Compare(b.service) })
	return found, nil
}

// history returns what is known about the past of workloads.
func (g *Generator) history(ctx context.Context, workloads []workload) (map[estimator.Service][]float64, error) {
	if g.History == nil || len(workloads) == 0 {
		return nil, nil
	}
	var services []estimator.Service
	for _, w := range workloads {
		services = append(services, w.service)
	}
	return g.History.Replicas(ctx, slices.Compact(services))
}

// autoscaler returns the one for a workload. It returns nil if the workload needs none,
// and then why unless it follows the metric.
func (g *Generator) autoscaler(w workload, there *present, history []float64) (a *Autoscaler, note string) {
	scalers := there.of(w)
	for _, hpa := range scalers {
		if len(discovery.References(hpa)) > 0 {
			return nil, ""
		}
	}
	if other := there.follower(w.service); other != nil {
		return nil, fmt.Sprintf("skipped, because HorizontalPodAutoscaler %s follows the metric for a %s of the same name: rename one of the two",
			other.Name, other.Spec.ScaleTargetRef.Kind)
	}
	if len(scalers) > 0 {
		return g.joined(scalers[0])
	}
	switch {
	case w.replicas == 0:
		return nil, "skipped, because it has 0 replicas, with which no autoscaler works: scale it to 1 or more first"
	case w.owner != nil:
		return nil, fmt.Sprintf("skipped, because %s %s controls it and may undo what an autoscaler does", w.owner.Kind, w.owner.Name)
	}
	b := boundsOf(w.replicas, history)
	a = &Autoscaler{Why: fmt.Sprintf("%d to %d replicas: %s", b.min, b.max, b.why)}
	a.Name, a.Namespace = there.name(w.service), w.service.Namespace
	a.Spec = autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: w.target,
		MinReplicas:    &b.min,
		MaxReplicas:    b.max,
		Metrics:        []autoscalingv2.MetricSpec{metric(g.Way, w.target)},
		Behavior:       behavior(),
	}
	return a, ""
}

// joined returns an existing autoscaler with the metric added.
func (g *Generator) joined(hpa *autoscalingv2.HorizontalPodAutoscaler) (a *Autoscaler, note string) {
	owner := metav1.GetControllerOfNoCopy(hpa)
	switch {
	case owner != nil && owner.Kind == "ScaledObject":
		return nil, fmt.Sprintf("skipped, because KEDA made its HorizontalPodAutoscaler %s: add a trigger of type external to ScaledObject %s", hpa.Name, owner.Name)
	case owner != nil:
		note = fmt.Sprintf("HorizontalPodAutoscaler %s belongs to %s %s, which may undo the change", hpa.Name, owner.Kind, owner.Name)
	}
	a = &Autoscaler{Why: "the existing one, with the metric added"}
	a.Name, a.Namespace, a.UID = hpa.Name, hpa.Namespace, hpa.UID
	a.Labels, a.Annotations = hpa.Labels, annotations(hpa)
	a.Spec = *hpa.Spec.DeepCopy()
	a.Spec.Metrics = append(a.Spec.Metrics, metric(g.Way, hpa.Spec.ScaleTargetRef))
	return a, note
}

// faults returns what the adapter would report about autoscalers. Only the adapter knows
// which namespaces may join an application.
func faults(autoscalers []Autoscaler, there *present) []string {
	snapshot := discovery.Resolve(there.all(), nil)
	var notes []string
	for i := range autoscalers {
		hpa := &autoscalers[i].HorizontalPodAutoscaler
		for _, p := range hpacheck.Check(hpa, snapshot, nil) {
			if p.Reason != hpacheck.ReasonApplicationNotAllowed {
				notes = append(notes, fmt.Sprintf("HorizontalPodAutoscaler %s/%s: %s", hpa.Namespace, hpa.Name, p.Message))
			}
		}
	}
	return notes
}

// byName orders autoscalers by namespace and name.
func byName(a, b *autoscalingv2.HorizontalPodAutoscaler) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

//go:build keda

// KEDA takes as long to build as the control plane, so its tests have a target of their
// own: make test-keda.

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/hack/verify/manifests"
	"github.com/deepscaler/deepscaler/test/stack"
)

var kedaAPI = schema.GroupVersion{Group: "keda.sh", Version: "v1alpha1"}

// buildPatience includes the build of KEDA.
const buildPatience = 45 * time.Minute

// kedaScene is a scene whose service a ScaledObject scales.
type kedaScene struct {
	*scene
	keda *stack.KEDA
	// objects and authentications are the ScaledObjects and TriggerAuthentications of its namespace.
	objects, authentications dynamic.ResourceInterface
}

func stageKEDA(t *testing.T) *kedaScene {
	t.Helper()
	s := &kedaScene{scene: stage(t, staging{minReplicas: 1, keda: true})}
	ctx, cancel := context.WithTimeout(t.Context(), buildPatience)
	defer cancel()
	var err error
	if s.keda, err = s.plane.StartKEDA(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, s.keda.Stop) })
	client, err := dynamic.NewForConfig(s.plane.Cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	s.objects = client.Resource(kedaAPI.WithResource("scaledobjects")).Namespace(s.Namespace)
	s.authentications = client.Resource(kedaAPI.WithResource("triggerauthentications")).Namespace(s.Namespace)
	return s
}

// scale applies manifests/examples/keda for the service, as its kustomization explains.
func (s *kedaScene) scale(t *testing.T) {
	t.Helper()
	authority, err := s.adapter.Authority(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "deepscaler-ca"}, Data: map[string][]byte{"ca.crt": authority}}
	if _, err := s.plane.Client.CoreV1().Secrets(s.Namespace).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.plane.Programs.Root, "manifests", "examples", "keda", "scaledobject.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifests.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		o.SetNamespace(s.Namespace)
		if o.GetKind() == "ScaledObject" {
			o.SetName(s.service.Name)
			spec := o.Object["spec"].(map[string]any)
			spec["minReplicaCount"], spec["maxReplicaCount"], spec["pollingInterval"], spec["cooldownPeriod"] = int64(1), int64(20), int64(2), int64(2)
			set(t, spec, s.service.Name, "scaleTargetRef", "name")
			set(t, spec, int64(scaleIn/time.Second), "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown", "stabilizationWindowSeconds")
			trigger := spec["triggers"].([]any)[0].(map[string]any)
			set(t, trigger, s.adapter.ScalerAddress(), "metadata", "scalerAddress")
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.plane.Kubectl(t.Context(), text, "apply", "-f", "-"); err != nil {
			t.Fatal(err)
		}
		if o.GetKind() == "TriggerAuthentication" {
			s.known(t, o.GetName())
		}
	}
	// KEDA's finalizer holds the namespace while KEDA is there to remove it.
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := s.objects.Delete(ctx, s.service.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := stack.Eventually(ctx, "KEDA lets go of the ScaledObject", func(ctx context.Context) error {
			list, err := s.objects.List(ctx, metav1.ListOptions{})
			if err == nil && len(list.Items) > 0 {
				err = errors.New("it is still there")
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

// known waits until KEDA has put its finalizer on a TriggerAuthentication. A scaler that
// KEDA makes before stays without the authority.
func (s *kedaScene) known(t *testing.T, name string) {
	t.Helper()
	eventually(t, "KEDA knows the authentication", func(ctx context.Context) error {
		o, err := s.authentications.Get(ctx, name, metav1.GetOptions{})
		if err == nil && len(o.GetFinalizers()) == 0 {
			err = errors.New("it has no finalizer")
		}
		return err
	})
}

func set(t *testing.T, in map[string]any, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(in, value, path...); err != nil {
		t.Fatal(err)
	}
}

// merge changes the ScaledObject.
func (s *kedaScene) merge(t *testing.T, patch string) {
	t.Helper()
	if _, err := s.objects.Patch(t.Context(), s.service.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// follows waits until the HPA of KEDA has a number and the Deployment n replicas.
func (s *kedaScene) follows(t *testing.T, n int32) {
	t.Helper()
	eventually(t, fmt.Sprintf("KEDA's HPA follows the metric to %d", n), func(ctx context.Context) error {
		return s.at(ctx, n, "True ValidMetricFound")
	})
}

// at returns an error unless the Deployment has n replicas and KEDA's HPA the condition.
func (s *kedaScene) at(ctx context.Context, n int32, active string) error {
	hpa, err := s.hpa(ctx, "keda-hpa-"+s.service.Name)
	if err != nil {
		return err
	}
	d, err := s.deployment(ctx)
	if err != nil {
		return err
	}
	if got := condition(hpa, autoscalingv2.ScalingActive); *d.Spec.Replicas != n || got != active {
		return fmt.Errorf("scaled to %d, ScalingActive %s", *d.Spec.Replicas, got)
	}
	return nil
}

// resize scales the Deployment as a person does.
func (s *kedaScene) resize(ctx context.Context, t *testing.T, n int32) {
	t.Helper()
	scale := fmt.Appendf(nil, `{"spec": {"replicas": %d}}`, n)
	if _, err := s.plane.Client.AppsV1().Deployments(s.Namespace).Patch(ctx, s.service.Name, types.MergePatchType, scale, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The real KEDA makes the HPA of a ScaledObject, the real controller scales by it, and
// everything in between is KEDA's.
func TestKEDAScales(t *testing.T) {
	s := stageKEDA(t)
	s.scale(t)
	s.follows(t, 4)
	s.countedOnce(t)

	// An error of ours is an error of the HPA, not a number.
	s.set(lost)
	eventually(t, "the HPA has no metric", func(ctx context.Context) error { return s.at(ctx, 4, "False FailedGetExternalMetric") })
	s.keeps(t, 4)
	s.set(quiet)
	s.follows(t, 1)
	s.set(steady)
	s.follows(t, 4)

	// While the operator is away nobody scales; then it goes on.
	if err := s.keda.Operator.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the HPA has no metric without the operator", func(ctx context.Context) error { return s.at(ctx, 4, "False FailedGetExternalMetric") })
	if err := s.keda.Operator.Start(deadline(t)); err != nil {
		t.Fatal(err)
	}
	s.follows(t, 4)
	s.set(quiet)
	s.follows(t, 1)

	// A plan is never 0, so KEDA keeps one replica although it may remove it, and brings
	// back what somebody has scaled to zero.
	s.merge(t, `{"spec": {"minReplicaCount": 0}}`)
	s.keeps(t, 1)
	s.resize(t.Context(), t, 0)
	s.follows(t, 1)

	// In shadow the scaler reports the present number. At zero the service is not active,
	// and KEDA leaves it there until it is served again. KEDA looks at annotations only when
	// the specification has changed, and never takes one away from an HPA.
	s.merge(t, `{"metadata": {"annotations": {"deepscaler.io/mode": "shadow"}}, "spec": {"cooldownPeriod": 3}}`)
	eventually(t, "the annotation reaches the HPA", func(ctx context.Context) error {
		hpa, err := s.hpa(ctx, "keda-hpa-"+s.service.Name)
		if err == nil && hpa.Annotations["deepscaler.io/mode"] != "shadow" {
			err = errors.New("it does not have it")
		}
		return err
	})
	eventually(t, "KEDA finds it inactive at zero", func(ctx context.Context) error {
		s.resize(ctx, t, 0) // again until the next plan is in shadow: before, KEDA brings it back
		if err := s.at(ctx, 0, "False ScalingDisabled"); err != nil {
			return err
		}
		return s.scaledObject(ctx, "Active", "False ScalerNotActive")
	})
	s.merge(t, `{"metadata": {"annotations": {"deepscaler.io/mode": "active"}}, "spec": {"cooldownPeriod": 2}}`)
	s.follows(t, 1)
}

// scaledObject returns an error unless the ScaledObject has the condition.
func (s *kedaScene) scaledObject(ctx context.Context, kind, want string) error {
	o, err := s.objects.Get(ctx, s.service.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	got := "absent"
	for _, c := range conditions {
		if c := c.(map[string]any); c["type"] == kind {
			got = fmt.Sprint(c["status"], " ", c["reason"])
		}
	}
	if got != want {
		return fmt.Errorf("%s is %s, want %s", kind, got, want)
	}
	return nil
}

// countedOnce checks that the service is one, though a ScaledObject and an HPA name it, as
// a user sees it: the external metrics API is KEDA's.
func (s *kedaScene) countedOnce(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.plane.Programs.DeepScaler, "status", "--kubeconfig", s.plane.Cluster.Kubeconfig(), "-n", s.Namespace, "-o", "json")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("status: %v", errors.Join(err, stderr(err)))
	}
	var documents []explain.Document
	if err := json.Unmarshal(out, &documents); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range documents {
		for _, v := range d.Services {
			names = append(names, v.Name)
		}
	}
	want := []string{s.service.Name, s.other.Name}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("services are %q, want %q", names, want)
	}
	events, err := s.plane.Client.CoreV1().Events(s.Namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "type=Warning,involvedObject.kind=HorizontalPodAutoscaler"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.Items {
		if e.Source.Component == "deepscaler-adapter" {
			t.Errorf("the adapter complains about %s: %s %s", e.InvolvedObject.Name, e.Reason, e.Message)
		}
	}
}

func stderr(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return nil
}

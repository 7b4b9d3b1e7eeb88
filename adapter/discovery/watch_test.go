package discovery

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watch runs a watcher and returns the snapshots it applies.
func watch(t *testing.T, client *fake.Clientset, namespaces ...string) (*Watcher, <-chan Snapshot) {
	t.Helper()
	w, err := NewWatcher(client, namespaces, Consent{"alone": {"shop"}})
	if err != nil {
		t.Fatal(err)
	}
	snapshots := make(chan Snapshot, 100)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx, func(s Snapshot) { snapshots <- s })
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return w, snapshots
}

// next returns the applications and services of the next snapshot.
func next(t *testing.T, snapshots <-chan Snapshot) map[string][]string {
	t.Helper()
	select {
	case s := <-snapshots:
		names := map[string][]string{}
		for _, a := range s.Applications {
			for _, service := range a.Services {
				names[a.Name] = append(names[a.Name], service.String())
			}
		}
		return names
	case <-time.After(time.Minute):
		t.Fatal("no snapshot within a minute")
		return nil
	}
}

func TestWatcherFollowsAutoscalers(t *testing.T) {
	client := fake.NewClientset(autoscaler("shop", "web", "web"), foreign("shop", "cpu"))
	w, snapshots := watch(t, client)
	hpas := client.AutoscalingV2().HorizontalPodAutoscalers("shop")
	// On a busy machine changes that belong together may come in several
	// snapshots; the last of them counts.
	expect := func(what string, want map[string][]string) {
		t.Helper()
		diff := ""
		for range 4 {
			if diff = cmp.Diff(want, next(t, snapshots)); diff == "" {
				return
			}
		}
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
	expect("at first", map[string][]string{"shop": {"shop/web"}})
	for !w.Synced() {
		time.Sleep(time.Millisecond)
	}

	for _, name := range []string{"a", "b", "c"} {
		if _, err := hpas.Create(t.Context(), autoscaler("shop", name, name), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	expect("three created at a time", map[string][]string{"shop": {"shop/a", "shop/b", "shop/c", "shop/web"}})

	status := autoscaler("shop", "web", "web")
	status.Status.CurrentReplicas = 9
	status.ResourceVersion = "7"
	if _, err := hpas.UpdateStatus(t.Context(), status, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	// A status that counts pods is news, one that does not is none.
	status.Status.DesiredReplicas, status.ResourceVersion = 9, "8"
	status.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive}}
	if _, err := hpas.UpdateStatus(t.Context(), status, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("scaled", map[string][]string{"shop": {"shop/a", "shop/b", "shop/c", "shop/web"}})
	moved := autoscaler("shop", "a", "a")
	moved.Annotations[ApplicationAnnotation] = "alone"
	if _, err := hpas.Update(t.Context(), moved, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("annotated", map[string][]string{"alone": {"shop/a"}, "shop": {"shop/b", "shop/c", "shop/web"}})

	if err := hpas.Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expect("deleted", map[string][]string{"alone": {"shop/a"}, "shop": {"shop/b", "shop/c"}})
}

func TestWatcherKeepsToItsNamespaces(t *testing.T) {
	client := fake.NewClientset(autoscaler("shop", "web", "web"), autoscaler("bank", "vault", "vault"), autoscaler("other", "x", "x"))
	_, snapshots := watch(t, client, "shop", "bank")
	want := map[string][]string{"shop": {"shop/web"}, "bank": {"bank/vault"}}
	if diff := cmp.Diff(want, next(t, snapshots)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, a := range client.Actions() {
		if a.GetNamespace() != "shop" && a.GetNamespace() != "bank" {
			t.Errorf("%s in namespace %q needs rights beyond the configured ones", a.GetVerb(), a.GetNamespace())
		}
	}
}

func TestTrimKeepsWhatIsRead(t *testing.T) {
	full := autoscaler("shop", "web", "web")
	full.Annotations[ApplicationAnnotation] = "money"
	full.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
		{Type: autoscalingv2.ScalingActive, Message: "the HPA was able to successfully calculate a replica count"}, {Type: autoscalingv2.ScalingLimited}}
	full.Status.DesiredReplicas = 5
	consent := Consent{"money": {"shop"}}
	o, err := trim(full)
	if err != nil {
		t.Fatal(err)
	}
	kept := o.(*autoscalingv2.HorizontalPodAutoscaler)
	if diff := cmp.Diff(Resolve([]*autoscalingv2.HorizontalPodAutoscaler{full}, consent).Applications,
		Resolve([]*autoscalingv2.HorizontalPodAutoscaler{kept}, consent).Applications); diff != "" {
		t.Errorf("resolves differently (-full +trimmed):\n%s", diff)
	}
	if kept.UID != full.UID || kept.ManagedFields != nil || len(kept.Annotations) != 1 || len(kept.Status.Conditions) != 1 || kept.Status.Conditions[0].Message != "" {
		t.Errorf("kept %+v", kept)
	}
	o, err = trim(foreign("shop", "cpu"))
	if err != nil {
		t.Fatal(err)
	}
	if kept := o.(*autoscalingv2.HorizontalPodAutoscaler); kept.Name != "cpu" || kept.Spec.MaxReplicas != 0 {
		t.Errorf("kept %+v of an autoscaler by other metrics", kept)
	}
}

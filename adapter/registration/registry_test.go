package registration_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const external, custom1, custom2 = "v1beta1.external.metrics.k8s.io", "v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"

// install is a running registry with what it has recorded.
type install struct {
	*registration.Registry
	events *record.FakeRecorder
}

// run runs the registry of an installation in a namespace until the test ends, and
// returns it once it knows the APIServices.
func run(t *testing.T, kube *fakekube.Server, namespace string, serves ...discovery.Way) install {
	t.Helper()
	recorder := record.NewFakeRecorder(100)
	r, err := registration.New(registration.Options{
		Config: &rest.Config{Host: kube.URL}, Service: types.NamespacedName{Namespace: namespace, Name: fakekube.Service},
		Serves: serves, Recorder: recorder,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	eventually(t, "the APIServices are known", func() bool { return r.Elsewhere() != nil })
	return install{r, recorder}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 4000 {
		if ok() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s: not within 100s", what)
}

func register(t *testing.T, kube *fakekube.Server, name, namespace, service string) {
	t.Helper()
	if err := kube.Register(name, namespace, service); err != nil {
		t.Fatal(err)
	}
}

func bundle(t *testing.T, kube *fakekube.Server, name string) string {
	t.Helper()
	text, _ := kube.Object("apiservices", "", name)["spec"].(map[string]any)["caBundle"].(string)
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(decoded)
}

func TestElsewhere(t *testing.T) {
	const ours, keda, prometheus = fakekube.Namespace + "/" + fakekube.Service, "keda/keda-operator-metrics-apiserver", "monitoring/prometheus-adapter"
	both := []discovery.Way{discovery.External, discovery.Object}
	for name, c := range map[string]struct {
		registered map[string]string
		serves     []discovery.Way
		want       map[discovery.Way]string
	}{
		"nothing is registered": {nil, both, map[discovery.Way]string{
			discovery.External: "nobody registered external.metrics.k8s.io", discovery.Object: "nobody registered custom.metrics.k8s.io",
		}},
		"external is ours": {map[string]string{external: ours}, both, map[discovery.Way]string{discovery.Object: "nobody registered custom.metrics.k8s.io"}},
		"beside KEDA": {map[string]string{external: keda, custom1: ours, custom2: ours}, both, map[discovery.Way]string{
			discovery.External: "external.metrics.k8s.io belongs to keda/keda-operator-metrics-apiserver",
		}},
		"both belong to others": {map[string]string{external: keda, custom1: prometheus, custom2: prometheus}, both, map[discovery.Way]string{
			discovery.External: "external.metrics.k8s.io belongs to keda/keda-operator-metrics-apiserver",
			discovery.Object:   "custom.metrics.k8s.io belongs to monitoring/prometheus-adapter",
		}},
		"registered but not served": {map[string]string{external: ours, custom1: ours, custom2: ours}, both[:1], map[discovery.Way]string{
			discovery.Object: "apis in the configuration of DeepScaler excludes custom.metrics.k8s.io",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			kube := fakekube.New()
			t.Cleanup(kube.Close)
			for api, service := range c.registered {
				namespace, name, _ := strings.Cut(service, "/")
				register(t, kube, api, namespace, name)
			}
			r := run(t, kube, fakekube.Namespace, c.serves...)
			if diff := cmp.Diff(c.want, r.Elsewhere()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Two installations in one cluster, each with an API, and KEDA with the third: everybody
// writes their own only, whatever happens to the others'.
func TestTwoInstallationsDoNotFight(t *testing.T) {
	kube := fakekube.New()
	t.Cleanup(kube.Close)
	register(t, kube, external, "a", fakekube.Service)
	register(t, kube, custom1, "b", fakekube.Service)
	register(t, kube, custom2, "keda", "keda-operator-metrics-apiserver")
	a := run(t, kube, "a", discovery.External, discovery.Object)
	b := run(t, kube, "b", discovery.External, discovery.Object)
	inject := func() (writes int) {
		t.Helper()
		if err := errors.Join(a.Inject(t.Context(), []byte("of a")), b.Inject(t.Context(), []byte("of b"))); err != nil {
			t.Fatal(err)
		}
		for _, r := range kube.Requests() {
			if strings.HasPrefix(r, "PUT") {
				writes++
				if strings.Contains(r, custom2) {
					t.Errorf("%s writes what is KEDA's", r)
				}
			}
		}
		return writes
	}
	// Until an installation has seen its own write, it may try it again.
	last := inject()
	eventually(t, "nobody writes any more", func() bool {
		before := last
		last = inject()
		return last == before
	})
	for name, want := range map[string]string{external: "of a", custom1: "of b", custom2: ""} {
		if got := bundle(t, kube, name); got != want {
			t.Errorf("%s trusts %q, want %q", name, got, want)
		}
	}
}

// An API that changes hands is reported, and the adapter stops to write it.
func TestAnAPIChangesHands(t *testing.T) {
	kube := fakekube.New()
	t.Cleanup(kube.Close)
	register(t, kube, external, fakekube.Namespace, fakekube.Service)
	r := run(t, kube, fakekube.Namespace, discovery.External)
	changes := make(chan struct{}, 100)
	r.OnChange(func() { changes <- struct{}{} })
	eventually(t, "an Event on ours", func() bool { return strings.Contains(next(r.events), "ServedByDeepScaler") })

	register(t, kube, external, "keda", "keda-operator-metrics-apiserver")
	<-changes
	eventually(t, "an Event on theirs", func() bool {
		return strings.Contains(next(r.events), "Service keda/keda-operator-metrics-apiserver serves "+external)
	})
	if err := r.Inject(t.Context(), []byte("ours")); err != nil || bundle(t, kube, external) != "" {
		t.Errorf("injected %q (%v) into an APIService of others", bundle(t, kube, external), err)
	}
}

func next(events *record.FakeRecorder) string {
	select {
	case e := <-events.Events:
		return e
	default:
		return ""
	}
}

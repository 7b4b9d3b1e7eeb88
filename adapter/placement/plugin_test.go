package placement

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/kube-scheduler/framework"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newPlugin(a *adapter, nodes ...framework.NodeInfo) (*Plugin, *testclock.FakeClock) {
	c := testclock.NewFakeClock(noon)
	return &Plugin{handle: &handle{nodes: nodes}, feed: newFeed(a, c), censuses: map[string]*decisions{}}, c
}

// schedule returns the score of each node by its name, nil when the plugin skips.
func schedule(t *testing.T, p *Plugin, pod *corev1.Pod) map[string]int64 {
	t.Helper()
	state := &cycle{data: map[framework.StateKey]framework.StateData{}}
	nodes := p.handle.(*handle).nodes
	status := p.PreScore(t.Context(), state, pod, nodes)
	if status.IsSkip() {
		return nil
	}
	if !status.IsSuccess() {
		t.Fatalf("PreScore of %s: %v, want success or skip: anything else rejects the pod", pod.Name, status)
	}
	scores := map[string]int64{}
	for _, n := range nodes {
		score, status := p.Score(t.Context(), state, pod, n)
		if !status.IsSuccess() || score < framework.MinScore || score > framework.MaxScore {
			t.Fatalf("score of %s is %d (%v)", n.Node().Name, score, status)
		}
		scores[n.Node().Name] = score
	}
	return scores
}

// A cart goes where the fronts are, in the zone that lacks one.
func TestScoresFollowTheCalls(t *testing.T) {
	front, cart := podOf("shop", "front"), podOf("shop", "cart")
	a := &adapter{items: shop(noon, 2, 2)}
	p, _ := newPlugin(a,
		newNode("a1", "a", front, cart), newNode("a2", "a"),
		newNode("b1", "b", front), newNode("b2", "b"), newNode("c1", "c"))
	if got := schedule(t, p, cart); got != nil {
		t.Errorf("scores before anything was read: %v, want none", got)
	}
	p.feed.refresh(t.Context())
	got := schedule(t, p, cart)
	if !(got["b1"] > got["b2"] && got["b2"] > got["c1"] && got["c1"] >= got["a2"]) {
		t.Errorf("scores of nodes are %v, want the front's node in the zone without cart first, then that zone", got)
	}
}

// Whatever happens to the data, pods are scheduled: by this plugin if the data is fresh, else by
// the others.
func TestStaleDataIsNotUsed(t *testing.T) {
	cart := podOf("shop", "cart")
	a := &adapter{items: shop(noon, 2, 2)}
	p, c := newPlugin(a, newNode("a1", "a"), newNode("b1", "b"))
	schedule(t, p, cart)
	p.feed.refresh(t.Context())
	for _, step := range []struct {
		name   string
		at     time.Duration
		change func()
		scored bool
	}{
		{"fresh", 0, func() {}, true},
		{"an adapter that is gone, for two steps", 30 * time.Second, func() { a.err = errors.New("connection refused") }, true},
		{"longer", 40 * time.Second, func() {}, false},
		{"the adapter is back", 45 * time.Second, func() { a.err, a.items = nil, shop(noon.Add(45*time.Second), 2, 2) }, true},
		{"the plan of an adapter that no longer plans", 90 * time.Second, func() {}, false},
		{"no managed service is left", 100 * time.Second, func() { a.items = nil }, false},
	} {
		c.SetTime(noon.Add(step.at))
		step.change()
		p.feed.refresh(t.Context())
		if got := schedule(t, p, cart); (got != nil) != step.scored {
			t.Errorf("%s: scores are %v, want some: %v", step.name, got, step.scored)
		}
	}
	if schedule(t, p, podOf("shop", "stranger")) != nil || schedule(t, p, &corev1.Pod{}) != nil {
		t.Error("pods that are not managed got scores")
	}
}

// A namespace is read once for each step while its pods are scheduled, then no more.
func TestOneReadPerStep(t *testing.T) {
	a := &adapter{items: shop(noon, 2, 2)}
	p, c := newPlugin(a, newNode("a1", "a"))
	for second := range 60 {
		c.SetTime(noon.Add(time.Duration(second) * time.Second))
		if second%15 == 0 {
			a.items = shop(c.Now(), 2, 2)
		}
		schedule(t, p, podOf("shop", "cart"))
		p.feed.refresh(t.Context())
	}
	if a.reads > 5*3 {
		t.Errorf("%d reads of three metrics in four steps, want one of each per step", a.reads)
	}
	a.reads = 0
	c.SetTime(noon.Add(2 * forget))
	p.feed.refresh(t.Context())
	if a.reads > 0 {
		t.Errorf("%d reads after the last pod was forgotten", a.reads)
	}
}

// Applications may span namespaces: the others are read as well.
func TestApplicationInTwoNamespaces(t *testing.T) {
	a := &adapter{items: shop(noon, 2, 2)}
	a.items["shop/"+discovery.CallRateMetric] = append(a.items["shop/"+discovery.CallRateMetric],
		item(noon, "5", discovery.SourceLabel, "vault/bank", discovery.DestinationLabel, "shop/cart"))
	a.items["vault/"+discovery.Metric] = append(a.items["vault/"+discovery.Metric], item(noon, "3", discovery.ServiceLabel, "bank"))
	p, _ := newPlugin(a, newNode("a1", "a"))
	schedule(t, p, podOf("shop", "cart"))
	p.feed.refresh(t.Context())
	p.feed.refresh(t.Context())
	k := (*p.feed.known.Load())[estimator.Service{Namespace: "vault", Name: "bank"}]
	if k == nil || len(k.Services) != 3 || k.Needed[k.Index[estimator.Service{Namespace: "vault", Name: "bank"}]] != 3 {
		t.Errorf("bank's application is %+v, want the three services of both namespaces", k)
	}
}

// A pod that was given a node counts for the next one, and pods of other schedulers do soon.
func TestReservedPodsCount(t *testing.T) {
	full := newNode("a1", "a")
	p, c := newPlugin(&adapter{items: shop(noon, 2, 4)}, full, newNode("a2", "a"))
	cart := podOf("shop", "cart")
	schedule(t, p, cart)
	p.feed.refresh(t.Context())
	empty := schedule(t, p, cart)
	for name, see := range map[string]func(){
		"reserved":  func() { p.Reserve(t.Context(), nil, cart, "a1") },
		"returned":  func() { p.Unreserve(t.Context(), nil, cart, "a1") },
		"by others": func() { c.Step(rescan) },
	} {
		full.set()
		c.Step(rescan)
		if diff := cmp.Diff(empty, schedule(t, p, cart)); diff != "" {
			t.Fatalf("%s: scores of empty nodes differ:\n%s", name, diff)
		}
		full.set(cart, cart)
		see()
		if scores := schedule(t, p, cart); scores["a1"] >= scores["a2"] {
			t.Errorf("%s: scores are %v with half of the carts on a1, want less than for a2", name, scores)
		}
	}
	p.Reserve(t.Context(), nil, cart, "unknown")
	schedule(t, p, cart)
}

func TestArgumentsAreStrict(t *testing.T) {
	for raw, want := range map[string]string{
		``:   "",
		`{}`: "",
		`{"apiVersion":"config.deepscaler.io/v1alpha1","kind":"DeepScalerArgs"}`: "",
		`{"adapter":"https://deepscaler-adapter.deepscaler","caFile":"/ca.crt"}`: "",
		`{"adaptor":"https://x"}`:               "unknown field",
		`{"kind":"Other"}`:                      "want a DeepScalerArgs",
		`{"adapter":"http://x","caFile":"/ca"}`: "want https",
		`{"adapter":"https://x"}`:               "needs caFile",
		`{"caFile":"/ca"}`:                      "without adapter",
	} {
		_, err := decodeArgs(&runtime.Unknown{Raw: []byte(raw)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", raw, err, want)
		}
	}
}

// The adapter's own address is asked over TLS that is verified, with the scheduler's token.
func TestReadsFromTheAdapterItself(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_call_rate" || r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, r.URL.Path, http.StatusForbidden)
			return
		}
		fmt.Fprint(w, `{"items":[{"metricName":"deepscaler_call_rate","metricLabels":{"destination":"shop/cart"},"value":"1500m"}]}`)
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := knowledge.NewClient(Args{Adapter: server.URL, CAFile: ca}.server(&rest.Config{Host: "https://kubernetes.invalid", BearerToken: "secret"}))
	if err != nil {
		t.Fatal(err)
	}
	items, err := c.Read(t.Context(), "shop", discovery.CallRateMetric)
	if err != nil || len(items) != 1 || items[0].Value.AsApproximateFloat64() != 1.5 {
		t.Errorf("read %v, %v; want a rate of 1.5", items, err)
	}
}

// Pods of a service are alike for batching, and those of others never.
func TestSignature(t *testing.T) {
	p, _ := newPlugin(&adapter{})
	sign := func(pod *corev1.Pod) []framework.SignFragment {
		fragments, status := p.SignPod(t.Context(), pod)
		if !status.IsSuccess() {
			t.Errorf("a pod is not signed, which switches off batching: %v", status)
		}
		return fragments
	}
	if cmp.Equal(sign(podOf("shop", "cart")), sign(podOf("shop", "front"))) || !cmp.Equal(sign(podOf("shop", "cart")), sign(podOf("shop", "cart"))) {
		t.Error("signatures do not tell services apart")
	}
	if got := sign(&corev1.Pod{}); len(got) > 0 {
		t.Errorf("a pod without a workload adds %v to its signature", got)
	}
}

// What a pod costs in a cluster of 5,000 nodes, of which kube-scheduler scores a sample of
// 500, when one node has changed since the last pod.
func BenchmarkCycle(b *testing.B) {
	var nodes []framework.NodeInfo
	for i := range 5000 {
		nodes = append(nodes, newNode(fmt.Sprint("n", i), string(rune('a'+i%3)), podOf("shop", "front"), podOf("other", "one"), podOf("other", "two")))
	}
	p, c := newPlugin(&adapter{items: shop(noon, 6000, 2000)}, nodes...)
	cart := podOf("shop", "cart")
	p.prepare(b.Context(), cart)
	p.feed.refresh(b.Context())
	state := &cycle{data: map[framework.StateKey]framework.StateData{}}
	i, pods := 0, []*corev1.Pod{podOf("shop", "front"), podOf("shop", "cart")}
	for b.Loop() {
		i++
		if i%512 == 0 {
			c.SetTime(noon.Add(time.Duration(i/512%2) * rescan)) // a pod takes more than rescan / 512
		}
		given := nodes[i%len(nodes)].(*node)
		given.set(pods...)
		p.Reserve(b.Context(), state, cart, given.object.Name)
		if status := p.PreScore(b.Context(), state, cart, nodes[:500]); !status.IsSuccess() {
			b.Fatal(status)
		}
		for _, n := range nodes[:500] {
			if _, status := p.Score(b.Context(), state, cart, n); !status.IsSuccess() {
				b.Fatal(status)
			}
		}
	}
}

package adapter

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
)

// reading is what two replicas answered for each step.
type reading struct {
	mu    sync.Mutex
	steps [2]map[time.Time]int // end of the step → replicas
	reads int
	// late are reads without a plan because a busy machine had not made it in time.
	late int
}

// read reads the metric of web from a replica until done is closed, and now and then the explanation
// of its plan, which has the step that the plan is for.
func (r *reading) read(t *testing.T, s *system, replica int, done <-chan struct{}) {
	explanations := s.explainer(t, "hpa")
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-time.After(3 * time.Millisecond):
		}
		code, body := s.get(t, "hpa", webValue)
		var list v1beta1.ExternalMetricValueList
		if code == http.StatusServiceUnavailable && (strings.Contains(body, "not done in time") || strings.Contains(body, " old: see")) {
			r.mu.Lock()
			r.late++
			r.mu.Unlock()
			continue
		}
		if code != http.StatusOK || json.Unmarshal([]byte(body), &list) != nil || len(list.Items) != 1 {
			t.Errorf("replica %d: %d %s", replica, code, body)
			return
		}
		r.mu.Lock()
		r.reads++
		r.mu.Unlock()
		if n%20 == 0 {
			r.explain(t, explanations, replica)
		}
	}
}

// explain notes the number of web in the present plan, which is the only one for its step.
func (r *reading) explain(t *testing.T, c *explain.Client, replica int) {
	d, err := c.Describe(t.Context(), explain.Query{Namespace: "shop", Service: "web", Full: true})
	if err != nil {
		t.Errorf("replica %d: %v", replica, err)
		return
	}
	if len(d.Services) == 1 && d.Services[0].Problem != "" {
		return
	}
	if len(d.Services) != 1 || d.Services[0].Desired == nil || len(d.Services[0].Detail.Horizon) == 0 {
		t.Errorf("replica %d explains no plan of web: %+v", replica, d.Services)
		return
	}
	value, end := *d.Services[0].Desired, d.Services[0].Detail.Horizon[0].At.Add(-time.Duration(d.Step))
	r.mu.Lock()
	defer r.mu.Unlock()
	if seen, ok := r.steps[replica][end]; ok && seen != value {
		t.Errorf("replica %d: %d and %d replicas for the step until %v", replica, seen, value, end)
	}
	r.steps[replica][end] = value
}

// has reports whether the explanation of a plan had that number.
func (r *reading) has(value int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(slices.Collect(maps.Values(r.steps[0])), value)
}

// some reports whether any plan was explained.
func (r *reading) some() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.steps[0]) > 0
}

// learn does what the learner of a replica does.
func (s *system) learn(t *testing.T, m *artifact.Model, parent string) {
	t.Helper()
	dir := exchange.Dir(s.exchange)
	if err := dir.WriteModel("shop", m); err != nil {
		t.Fatal(err)
	}
	if err := dir.WriteReport(&exchange.Report{
		Application: "shop", Model: m.Hash(), Parent: parent, Trained: time.Now(), Reason: "a test", Published: true, Verdict: "as good as any",
	}); err != nil {
		t.Fatal(err)
	}
}

// TestHandOverUnderLoad goes from queueing theory to a model and on to its child while
// two replicas are read: no read fails, and they never differ about a step.
func TestHandOverUnderLoad(t *testing.T) {
	a := start(t)
	b := a.replica(t)
	replicas := []*system{a, b}
	r := &reading{steps: [2]map[time.Time]int{{}, {}}}
	done := make(chan struct{})
	var readers sync.WaitGroup
	began := time.Now()
	for i, s := range replicas {
		s.ready(t)
		for range 2 {
			readers.Go(func() { r.read(t, s, i, done) })
		}
	}
	shape := fakemodel.Shape{Services: []string{"shop/web"}, Step: a.step, Window: 4, Horizon: 60, Hidden: 4, Blocks: 1}
	parent := ""
	eventually(t, "queueing theory is explained", r.some)
	// Queueing theory plans 5. At least 3 are needed, since the service is saturated, so
	// both models are to be trusted.
	for _, need := range []float64{6, 4} {
		m, err := fakemodel.Constant(shape, need)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range replicas {
			s.learn(t, m, parent)
		}
		parent = m.Hash()
		for _, s := range replicas {
			eventually(t, "the model serves", func() bool {
				_, body := s.get(t, "hpa", webValue)
				return strings.Contains(body, map[float64]string{6: `"value":"6"`, 4: `"value":"4"`}[need])
			})
		}
		eventually(t, "its plan is explained", func() bool { return r.has(int(need)) })
		eventually(t, "the metrics name the model", func() bool {
			_, body := a.get(t, "prometheus", "/metrics")
			return strings.Contains(body, `deepscaler_model_info{application="shop",model="`+parent+`"} 1`) &&
				strings.Contains(body, `deepscaler_forecast_info{application="shop",estimator="network",model="`+parent+`",namespace="shop",service="web"} 1`) &&
				strings.Contains(body, `deepscaler_trust_level{application="shop",level="full"} 1`) &&
				strings.Contains(body, `deepscaler_forecast_info{application="shop",estimator="hab",model="",namespace="shop",service="cart"} 1`)
		})
		leaders := 0
		for _, s := range replicas {
			if l, err := exchange.Dir(s.exchange).ReadList(); err == nil && len(l.Applications) > 0 {
				leaders++
			}
		}
		if leaders != 1 {
			t.Errorf("%d replicas ask their learners, want 1", leaders)
		}
	}
	close(done)
	readers.Wait()
	t.Logf("%.0f reads/s of %d steps, %d more of plans that were late", float64(r.reads)/time.Since(began).Seconds(), len(r.steps[0]), r.late)
	if r.late > r.reads {
		t.Errorf("%d reads without a plan and %d with one", r.late, r.reads)
	}

	var values []int
	for step, value := range r.steps[0] {
		if other, ok := r.steps[1][step]; ok && other != value {
			t.Errorf("for the step until %v the replicas answered %d and %d", step, value, other)
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if len(values) < 3 {
		t.Errorf("values %v, want those of queueing theory and of two models", values)
	}
}

// TestBadModelIsRefused publishes an object that is damaged over a model that serves.
func TestBadModelIsRefused(t *testing.T) {
	good, err := fakemodel.Constant(fakemodel.Shape{Services: []string{"shop/web"}, Step: 5 * time.Second, Window: 4, Horizon: 60, Hidden: 4, Blocks: 1}, 8)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	s.ready(t)
	s.learn(t, good, "")
	serves := func() bool {
		_, body := s.get(t, "hpa", webValue)
		return strings.Contains(body, `"value":"8"`)
	}
	eventually(t, "the good one serves", serves)
	bad := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: fakekube.Namespace, Name: "bad", Labels: map[string]string{"deepscaler.io/model": "shop"},
			Annotations: map[string]string{"deepscaler.io/hash": strings.Repeat("0", 64), "deepscaler.io/serve-from": time.Now().UTC().Format(time.RFC3339)},
		},
		BinaryData: map[string][]byte{"model.safetensors.gz": []byte("half a fi")},
	}
	if err := s.kube.Put(bad, "configmaps"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an Event about the bad one", func() bool {
		for _, e := range s.kube.Objects("events") {
			about, _ := e["involvedObject"].(map[string]any)
			if e["reason"] == reasonModelRefused && about["name"] == "web" && e["type"] == "Warning" {
				return true
			}
		}
		return false
	})
	if _, body := s.get(t, "prometheus", "/metrics"); !strings.Contains(body, `deepscaler_models_refused_total{application="shop"} 1`) {
		t.Error("/metrics does not count it")
	}
	// A step begins in which the bad one would serve.
	time.Sleep(2 * s.step)
	eventually(t, "the good one still serves", serves)
}

// TestModelServesRightAfterARestart starts a replica where a model has been published.
func TestModelServesRightAfterARestart(t *testing.T) {
	m, err := fakemodel.Constant(fakemodel.Shape{Services: []string{"shop/web", "shop/cart"}, Step: 5 * time.Second, Window: 4, Horizon: 60, Hidden: 4, Blocks: 1}, 8)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	s.ready(t)
	s.learn(t, m, "")
	eventually(t, "the model serves", func() bool {
		_, body := s.get(t, "hpa", webValue)
		return strings.Contains(body, `"value":"8"`)
	})
	late := s.replica(t)
	late.ready(t)
	if code, body := late.get(t, "hpa", webValue); code != http.StatusOK || !strings.Contains(body, `"value":"8"`) {
		t.Errorf("the first answer of a new replica is %d %s", code, body)
	}
}

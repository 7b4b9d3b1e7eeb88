package adapter

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/internal/fakemodel"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// reading is what two replicas answered for each step.
type reading struct {
	mu    sync.Mutex
	steps [2]map[int64]int64 // end of the step → replicas
	reads int
}

// read reads the metric of web from a replica until done is closed.
func (r *reading) read(t *testing.T, s *system, replica int, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
		code, body := s.get(t, "hpa", webValue)
		var list v1beta1.ExternalMetricValueList
		if code != http.StatusOK || json.Unmarshal([]byte(body), &list) != nil || len(list.Items) != 1 {
			t.Errorf("replica %d: %d %s", replica, code, body)
			return
		}
		// The plan for a step is made within the next one.
		step, value := list.Items[0].Timestamp.Unix(), list.Items[0].Value.Value()
		r.mu.Lock()
		if seen, ok := r.steps[replica][step]; ok && seen != value {
			t.Errorf("replica %d: %d and %d replicas at step %d", replica, seen, value, step)
		}
		r.steps[replica][step] = value
		r.reads++
		r.mu.Unlock()
	}
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
	r := &reading{steps: [2]map[int64]int64{{}, {}}}
	done := make(chan struct{})
	var readers sync.WaitGroup
	began := time.Now()
	for i, s := range replicas {
		s.ready(t)
		for range 4 {
			readers.Go(func() { r.read(t, s, i, done) })
		}
	}
	shape := fakemodel.Shape{Services: []string{"shop/web"}, Step: time.Second, Window: 4, Horizon: 60, Hidden: 4, Blocks: 1}
	parent := ""
	for _, need := range []float64{8, 9} {
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
				return strings.Contains(body, map[float64]string{8: `"value":"8"`, 9: `"value":"9"`}[need])
			})
		}
		eventually(t, "the metrics name the model", func() bool {
			_, body := a.get(t, "prometheus", "/metrics")
			return strings.Contains(body, `deepscaler_model_info{application="shop",model="`+parent+`"} 1`) &&
				strings.Contains(body, `deepscaler_forecast_info{application="shop",estimator="network",model="`+parent+`",namespace="shop",service="web"} 1`) &&
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
	t.Logf("%.0f reads/s of %d steps", float64(r.reads)/time.Since(began).Seconds(), len(r.steps[0]))

	var values []int64
	for step, value := range r.steps[0] {
		if other, ok := r.steps[1][step]; ok && other != value {
			t.Errorf("at step %d the replicas answered %d and %d", step, value, other)
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if len(values) != 3 {
		t.Errorf("values %v, want those of queueing theory and of two models", values)
	}
}

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
	"github.com/deepscaler/deepscaler/hack/controlplane/process"
	"github.com/deepscaler/deepscaler/test/stack"
)

// learning is the learner's schedule in the time scale of the tests: a step is 2 s instead
// of 15 s, and three hours of history are two minutes.
func learning() *exchange.Learning {
	return &exchange.Learning{Interval: 20 * time.Second, History: 10 * time.Minute, LeastHistory: 130 * time.Second, MaxAge: 20 * time.Second, Iterations: 1}
}

// pair is two replicas of the adapter, each with its learner.
type pair struct {
	*site
	adapters [2]*stack.Adapter
	learners [2]*process.Process
	clients  [2]rest.Interface
}

// startPair brings up an application under a load with bursts, which queueing theory sees when
// they have come, and which are to be met nineteen times of twenty. Any network that learns to add what
// they need does better.
func startPair(t *testing.T) *pair {
	t.Helper()
	bursts, err := filepath.Abs("testdata/bursts.csv")
	if err != nil {
		t.Fatal(err)
	}
	s := startWith(t, 10, func(o *stack.AdapterOptions) {
		o.Window, o.Quantile, o.Learning = 20, 0.95, learning()
	}, "--load-file", bursts)
	p := &pair{site: s}
	second, err := s.adapter.Replica(deadline(t), "adapter-second-"+s.Namespace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(t, second.Stop) })
	p.adapters = [2]*stack.Adapter{s.adapter, second}
	for i, a := range p.adapters {
		p.clients[i] = as(t, a.RESTConfig())
		if p.learners[i], err = a.StartLearner(deadline(t)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopped(t, p.learners[i].Stop) })
	}
	return p
}

// TestLivingModels goes from an empty start to a network, and takes away one thing after
// the other. Meanwhile both replicas are read without a pause, and autoscalers follow.
func TestLivingModels(t *testing.T) {
	p := startPair(t)
	eventually(t, "queueing theory serves", p.serves("hab"))
	scaling := p.watchScaling(t)
	reading := p.read(t)
	// The other tests run while this one waits for history.
	t.Parallel()

	leader := p.leader(t)
	eventually(t, "the learner waits for history, or learns", func(context.Context) error {
		status, err := p.adapters[leader].Exchange().ReadStatus()
		if err != nil || len(status.Applications) != 1 {
			return fmt.Errorf("the status is %+v, %w", status, err)
		}
		return nil
	})
	p.takesOver(t)
	served := p.model(t)
	t.Logf("model %.12s serves; %s", served, p.verdict(leader))
	eventually(t, "the adapter serves the metrics of its learner", func(ctx context.Context) error {
		metrics, err := p.adapters[leader].Metrics(ctx)
		if err != nil {
			return err
		}
		for _, want := range []string{"deepscaler_learner_up 1", fmt.Sprintf("deepscaler_learner_looks_total{application=%q,result=\"published\"}", p.Namespace)} {
			if !strings.Contains(metrics, "\n"+want) {
				return fmt.Errorf("it lacks %s", want)
			}
		}
		return nil
	})

	t.Run("a learner is killed while it works", func(t *testing.T) { p.testKilledLearner(t, leader) })
	t.Run("bad models are refused", func(t *testing.T) { p.testRefusals(t, leader) })
	t.Run("the leader dies, and Prometheus is away", func(t *testing.T) { p.testLosses(t, leader, reading) })

	reading.end(t, len(p.Services))
	scaling.end(t)
}

// takesOver waits until the network serves on both replicas.
func (p *pair) takesOver(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), learning().LeastHistory+patience)
	defer cancel()
	seen := ""
	if err := stack.Eventually(ctx, "the network serves on both replicas", func(ctx context.Context) error {
		for i := range p.adapters {
			if now := p.verdict(i); now != "none" && now != seen {
				seen = now
				t.Logf("learner %d, %s", i, now)
			}
		}
		return p.serves("network")(ctx)
	}); err != nil {
		t.Fatal(err)
	}
}

// testKilledLearner kills the leader's learner again and again. It goes on, and at last hands
// over another verdict.
func (p *pair) testKilledLearner(t *testing.T, leader int) {
	before, err := p.adapters[leader].Exchange().ReadReport(p.Namespace)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := p.learners[leader].Kill(); err != nil {
			t.Fatal(err)
		}
		if err := p.learners[leader].Start(deadline(t)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(200*(i+1)) * time.Millisecond)
	}
	eventually(t, "the learner reports on another model", func(context.Context) error {
		after, err := p.adapters[leader].Exchange().ReadReport(p.Namespace)
		if err == nil && after.Model == before.Model {
			err = errors.New("the report is about the same model")
		}
		return err
	})
	for _, l := range p.learners {
		if err := l.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// testRefusals plays a learner that has gone wrong: the adapter refuses what it hands over,
// and the model that serves still does.
func (p *pair) testRefusals(t *testing.T, leader int) {
	dir, serving := p.adapters[leader].Exchange(), ""
	// Whatever the learner handed over last has been taken up.
	eventually(t, "the list names what serves", func(context.Context) error {
		list, err := dir.ReadList()
		if err != nil {
			return err
		}
		if len(list.Applications) == 0 {
			return errors.New("it is empty")
		}
		serving = list.Applications[0].Serving
		if r, err := dir.ReadReport(p.Namespace); err == nil && r.Published && r.Model != serving {
			return errors.New("a model is on its way")
		}
		return nil
	})
	var services []string
	for _, s := range p.Services {
		services = append(services, p.Namespace+"/"+s)
	}
	constant := func(replicas float64) *artifact.Model {
		m, err := fakemodel.Constant(fakemodel.Shape{Services: services, Step: step, Window: 4, Horizon: 10, Hidden: 4, Blocks: 1}, replicas)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	good, bad := exchange.Figures{Samples: 100, Loss: 1}, exchange.Figures{Samples: 100, Loss: 3}
	for name, tt := range map[string]struct {
		model       *artifact.Model
		child, hab  exchange.Figures
		spoil       bool
		complaintOf string
	}{
		"a damaged file":              {constant(2), good, bad, true, "model"},
		"worse than queueing theory":  {constant(1), bad, good, false, "not below"},
		"implausible on this window":  {constant(1e6), good, bad, false, "implausible"},
		"nobody asked for this shape": {p.otherStep(t, services), good, bad, false, "steps of"},
	} {
		if err := dir.WriteModel(p.Namespace, tt.model); err != nil {
			t.Fatal(err)
		}
		if tt.spoil {
			file := filepath.Join(string(dir), "models", p.Namespace+".safetensors")
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := artifact.Replace(file, func(w io.Writer) error {
				_, err := w.Write(content[:len(content)/2])
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := dir.WriteReport(&exchange.Report{
			Application: p.Namespace, Model: tt.model.Hash(), Parent: serving, Trained: time.Now(), Reason: "a test goes wrong",
			Published: true, Verdict: "nobody looked", Child: tt.child, HAB: tt.hab,
		}); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" is refused", func(context.Context) error {
			list, err := dir.ReadList()
			if err != nil {
				return err
			}
			if len(list.Applications) == 0 {
				return errors.New("the list is empty")
			}
			r := list.Applications[0].Refused
			if r == nil || r.Model != tt.model.Hash() || !strings.Contains(r.Reason, tt.complaintOf) {
				return fmt.Errorf("refused is %+v", r)
			}
			if list.Applications[0].Serving != serving {
				return fmt.Errorf("%.12s serves", list.Applications[0].Serving)
			}
			return nil
		})
	}
	eventually(t, "the network still serves", p.serves("network"))
}

func (p *pair) otherStep(t *testing.T, services []string) *artifact.Model {
	t.Helper()
	m, err := fakemodel.Constant(fakemodel.Shape{Services: services, Step: time.Minute, Window: 4, Horizon: 10, Hidden: 4, Blocks: 1}, 2)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// testLosses kills the leader, which serves the model at once when it is back, and then takes
// Prometheus away for ten steps. Another leader is elected.
func (p *pair) testLosses(t *testing.T, leader int, reading *reading) {
	served := p.model(t)
	reading.excuse(leader)
	if err := p.adapters[leader].Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if err := p.adapters[leader].Start(deadline(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it serves the model again", p.serves("network"))
	if now := p.model(t); now != served {
		t.Errorf("%.12s serves, not %.12s", now, served)
	}
	reading.expect(leader)

	reading.excuse(0, 1)
	p.losesPrometheus(t)
	held, err := p.asked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.Always(t.Context(), 10*step, p.holds(held)); err != nil {
		t.Errorf("without Prometheus: %v", err)
	}
	if err := p.Prometheus.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the metric is back on both", func(ctx context.Context) error {
		for _, client := range p.clients {
			if _, err := stack.DesiredReplicas(ctx, client, p.Namespace, ""); err != nil {
				return err
			}
		}
		return nil
	})
	reading.expect(0, 1)
	t.Logf("replica %d leads %v after the leader was killed", p.leader(t), time.Since(killed).Round(time.Second))
	eventually(t, "the network serves again", p.serves("network"))
}

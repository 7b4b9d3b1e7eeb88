package sidecar

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/learner/train"
)

// The learner says how much history is missing and when it will be there, and then learns.
func TestWaitsForHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(s *site) { s.since = time.Now().Add(-20 * time.Minute) })
		if got := s.state(t, "shop"); !strings.Contains(got, "waiting: it has 20m0s of the 1h0m0s of history") || !strings.Contains(got, time.Now().Add(40*time.Minute).UTC().Format(time.RFC3339)) {
			t.Errorf("the state is %q", got)
		}
		s.wantExported(t, `deepscaler_learner_history_seconds{application="shop"} 1200`, `deepscaler_learner_history_missing_seconds{application="shop"} 2400`,
			`deepscaler_learner_state{application="shop",state="waiting"} 1`)
		pass(39 * time.Minute)
		if n := s.trainings(); n != nil {
			t.Errorf("trained %v before there was enough", n)
		}
		pass(90 * time.Second)
		if r := s.report(t); !r.Published || r.Reason != "there was no model" {
			t.Errorf("the report is %+v", r)
		}
		s.wantExported(t, `deepscaler_learner_trainings_total{application="shop",reason="no model"} 1`, `deepscaler_learner_looks_total{application="shop",result="published"} 1`,
			`deepscaler_learner_history_missing_seconds{application="shop"} 0`)
	})
}

// A model is handed over only if it beats what serves.
func TestGate(t *testing.T) {
	for name, tt := range map[string]struct {
		parent, child float64 // what they forecast; 0 is no parent
		published     bool
		verdict       string
	}{
		"better than queueing theory":     {0, truth, true, "below the"},
		"far too few":                     {0, 1, false, "is not below the"},
		"far too many":                    {0, 40, false, "is not below the"},
		"better than a bad parent":        {20, truth, true, "the model that serves"},
		"as good as the parent":           {truth, truth, false, "of the model that serves"},
		"worse than the parent":           {truth + 0.05, truth, false, "of the model that serves"},
		"better than a parent that loses": {1, 2, false, "of queueing theory"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent := ""
				s := start(t, func(s *site) {
					s.need = tt.child
					if tt.parent > 0 {
						m, err := constant([]string{"shop/cart", "shop/web"}, tt.parent)
						if err != nil {
							t.Fatal(err)
						}
						m.Created = time.Now().Add(-13 * time.Hour) // old
						s.serve(t, m)
						parent = m.Hash()
					}
				})
				r := s.report(t)
				if r.Published != tt.published || !strings.Contains(r.Verdict, tt.verdict) || r.Parent != parent {
					t.Errorf("published %v against %.8q: %s, want %v against %.8q: … %s …\n%+v", r.Published, r.Parent, r.Verdict, tt.published, parent, tt.verdict, r)
				}
				m, err := s.dir.ReadModel("shop", artifact.Limits{})
				if got := err == nil && m.Hash() == r.Model; got != tt.published {
					t.Errorf("the model is there: %v (%v), want %v", got, err, tt.published)
				}
				if r.Child.Samples == 0 || r.HAB.Samples == 0 || (r.ParentFigures != nil) != (tt.parent > 0) {
					t.Errorf("the figures are %+v", r)
				}
			})
		})
	}
}

// A model that is good, young and fits is left alone; then it is too old.
func TestRetrainsWhenThereIsAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		m, err := s.dir.ReadModel("shop", artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		s.serve(t, m)
		pass(11 * time.Hour)
		if n := s.trainings(); len(n) != 1 {
			t.Errorf("%d trainings of a good model", len(n))
		}
		if got := s.state(t, "shop"); !strings.Contains(got, "resting: the model that serves is still good") {
			t.Errorf("the state is %q", got)
		}
		s.wantExported(t, `deepscaler_learner_looks_total{application="shop",result="not needed"} 11`)
		pass(2 * time.Hour)
		if r := s.report(t); len(s.trainings()) != 2 || !strings.HasSuffix(r.Reason, " old") {
			t.Errorf("%d trainings, the last because %s", len(s.trainings()), r.Reason)
		}

		// A service joins: at once, not at the next interval.
		s.list[0].Services = append(s.list[0].Services, exchange.Service{Name: "shop/zoo", Min: 1, Max: 5})
		s.write(t)
		pass(2 * Poll)
		if r := s.report(t); r.Reason != "services have changed: shop/zoo has joined" {
			t.Errorf("the last training was because %s", r.Reason)
		}
	})
}

// One application that fails, panics or never ends does not stop the others.
func TestApplicationsShareTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(s *site) {
			s.list = nil
			for _, name := range []string{"a-down", "b-panics", "c-slow", "d-good"} {
				s.list = append(s.list, application(name))
			}
			s.reading = func(_ context.Context, application string) error {
				if application == "a-down" {
					return errDown
				}
				return nil
			}
			s.train = func(ctx context.Context, in train.Input, _ train.Spec) (*artifact.Model, error) {
				switch in.History.Services[0].Namespace {
				case "b-panics":
					panic("a bug")
				case "c-slow":
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return constant([]string{"d-good/cart", "d-good/web"}, truth)
			}
		})
		pass(50 * time.Minute)
		for name, want := range map[string]string{
			"a-down": "failed: read the history: prometheus is down", "b-panics": "failed: panic: a bug",
			"d-good": "resting: a model was trained because there was no model, and handed over",
		} {
			if got := s.state(t, name); !strings.HasPrefix(got, want) {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		s.wantExported(t, `deepscaler_learner_failing{application="a-down"} 1`, `deepscaler_learner_failing{application="d-good"} 0`)
		if !s.exported(`deepscaler_learner_looks_total{application="c-slow",result="timeout"} 3`) && !s.exported(`deepscaler_learner_looks_total{application="c-slow",result="timeout"} 2`) {
			t.Error("the slow application was not interrupted after its share")
		}
		// Every training that takes too long halves the next one.
		s.mu.Lock()
		defer s.mu.Unlock()
		var iterations []int
		for i, first := range s.trained {
			if first == "c-slow/cart" {
				iterations = append(iterations, s.trainers[i].Learning.Iterations)
			}
		}
		if len(iterations) < 2 || !slices.Equal(iterations[:2], []int{4, 2}) {
			t.Errorf("trainings of the slow one had %v iterations, want 4, 2, …", iterations)
		}
		if age := time.Since(s.sidecar.beaten); age > exchange.Beat {
			t.Errorf("while it trains, it was silent for %v", age)
		}
	})
}

// After a restart the learner does not begin again, unless there is a reason.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(s *site) { s.need = 1 })
		first := s.report(t)
		pass(30 * time.Minute)
		s.stop()
		s.run(t)
		if n := s.trainings(); len(n) != 1 {
			t.Errorf("%d trainings, want that of before the restart", len(n))
		}
		pass(31 * time.Minute)
		if r := s.report(t); len(s.trainings()) < 2 || !r.Trained.After(first.Trained) {
			t.Error("no training an interval after that of before the restart")
		}
	})
}

// Without the Lease the list is empty, and the learner rests.
func TestListIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		s.wantExported(t, "deepscaler_learner_applications 1")
		s.list = nil
		s.write(t)
		pass(5 * time.Hour)
		if n := s.trainings(); len(n) != 1 {
			t.Errorf("%d trainings of an application that is not listed", len(n))
		}
		s.wantExported(t, "deepscaler_learner_applications 0")
		if s.exported(`deepscaler_learner_state{application="shop",state="resting"} 1`) {
			t.Error("an application that is gone is still exported")
		}
	})
}

// A refusal of the adapter is counted once.
func TestRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		s.list[0].Refused = &exchange.Refusal{Model: s.report(t).Model, Reason: "it is larger than a ConfigMap"}
		s.write(t)
		pass(time.Minute)
		s.wantExported(t, `deepscaler_learner_refusals_total{application="shop"} 1`)
		if !strings.Contains(s.log.String(), "larger than a ConfigMap") {
			t.Errorf("the log lacks the reason:\n%s", s.log.String())
		}
	})
}

// The end of the process interrupts a training.
func TestStopsWhileItTrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &site{dir: exchange.Dir(t.TempDir()), since: time.Now().Add(-2 * time.Hour), list: []exchange.Application{application("shop")}}
		s.train = func(ctx context.Context, _ train.Input, _ train.Spec) (*artifact.Model, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		s.write(t)
		s.run(t)
		if got := s.state(t, "shop"); !strings.HasPrefix(got, "training") {
			t.Errorf("the state is %q", got)
		}
		began := time.Now()
		s.stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
}

package modelstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
)

// learn does what a learner does that has trained m against the parent.
func learn(t *testing.T, r *replica, m *artifact.Model, parent string) {
	t.Helper()
	if err := r.dir.WriteModel("shop", m); err != nil {
		t.Fatal(err)
	}
	verdict(t, r, m, parent, true)
}

func verdict(t *testing.T, r *replica, m *artifact.Model, parent string, published bool) {
	t.Helper()
	report := &exchange.Report{
		Application: "shop", Model: m.Hash(), Parent: parent, Trained: noon,
		Reason: "it was time", Published: published, Verdict: "of its errors",
	}
	if err := r.dir.WriteReport(report); err != nil {
		t.Fatal(err)
	}
	r.changed()
}

func (s *site) wants(r *replica, what string, lines ...string) {
	s.t.Helper()
	var got []string
	s.eventually(what, func() bool {
		got = append(got, r.news.take()...)
		return len(got) >= len(lines)
	})
	if diff := cmp.Diff(lines, got); diff != "" {
		s.t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

func TestLeaderAsksItsLearner(t *testing.T) {
	s := newSite(t)
	leader := s.lead()
	follower := s.start(true)
	got, err := leader.dir.ReadList()
	if err != nil {
		t.Fatal(err)
	}
	want := []exchange.Application{{
		Name: "shop", Services: []exchange.Service{{Name: "shop/cart", Min: 1, Max: 9}, {Name: "shop/web", Min: 1, Max: 9}},
		Step: exchange.Duration{Duration: step}, Window: 24, QueueingWindow: 12, Features: estimator.FeatureNames(estimator.DefaultFeatures()),
		LeadTime: exchange.Duration{Duration: 75 * time.Second}, Quantile: 0.8, MinUtilisation: 0.5, MaxUtilisation: 0.8, Headroom: 0.5,
	}}
	if diff := cmp.Diff(want, got.Applications, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.eventually("the follower asks for nothing", func() bool {
		l, err := follower.dir.ReadList()
		return err == nil && len(l.Applications) == 0
	})
	leader.stop()
	if l, err := leader.dir.ReadList(); err != nil || len(l.Applications) != 0 {
		t.Errorf("after its end the leader asks for %+v, %v", l, err)
	}
	s.lead().stop()
}

// TestFromTheLearnerToEveryReplica follows a model and its child.
func TestFromTheLearnerToEveryReplica(t *testing.T) {
	s := newSite(t)
	leader, follower := s.lead(), s.start(true)
	first, second := constant(t, 2), constant(t, 3)

	learn(t, leader, first, "")
	s.wants(leader, "the first is published", fmt.Sprintf("shop: %.8s is published from 12:01:30", first.Hash()))
	for _, r := range []*replica{leader, follower} {
		s.eventually("it is loaded", func() bool { return r.At("shop", at(3)) != nil })
		if got := serves(t, r, at(2)); got != 0 {
			t.Errorf("%v replicas before its step", got)
		}
	}
	s.eventually("the learner has it", func() bool {
		l, err := leader.dir.ReadList()
		if err != nil {
			t.Fatal(err)
		}
		return l.Applications[0].Serving == first.Hash()
	})
	if m, err := leader.dir.ReadServing("shop", artifact.Limits{}); err != nil || m.Hash() != first.Hash() {
		t.Errorf("the serving model: %v", err)
	}

	learn(t, leader, second, first.Hash())
	s.wants(leader, "the second is published", fmt.Sprintf("shop: %.8s is published from 12:02:00", second.Hash()))
	for _, r := range []*replica{leader, follower} {
		s.eventually("it is loaded", func() bool { return serves(t, r, at(4)) == 3 })
		if got := serves(t, r, at(3)); got != 2 {
			t.Errorf("%v replicas before its step, want those of the first", got)
		}
	}
	s.clock.Step(5 * step)
	s.wants(leader, "the second serves", fmt.Sprintf("shop: %.8s serves", second.Hash()))

	// One that has not passed is no news for others.
	verdict(t, leader, constant(t, 4), second.Hash(), false)
	s.wants(leader, "the third is kept back", fmt.Sprintf("shop: %.8s is kept back: of its errors", constant(t, 4).Hash()))
	if n := len(s.kube.Objects("configmaps")); n != 3 {
		t.Errorf("%d ConfigMaps, want 2 and that of the API server", n)
	}
}

func TestRefusedModelsOfTheLearner(t *testing.T) {
	large := constant(t, 2, func(s *fakemodel.Shape) { s.Hidden = 512 })
	for name, c := range map[string]struct {
		learn func(t *testing.T, r *replica)
		want  string
	}{
		"implausible": {func(t *testing.T, r *replica) { learn(t, r, constant(t, 91), "") }, "forecast of 91 replicas for service shop/cart is implausible: at most 90"},
		"outdated":    {func(t *testing.T, r *replica) { learn(t, r, constant(t, 2), constant(t, 3).Hash()) }, "judged against"},
		"too short": {func(t *testing.T, r *replica) {
			learn(t, r, constant(t, 2, func(s *fakemodel.Shape) { s.Horizon = 1 }), "")
		}, "30s ahead"},
		"too large": {func(t *testing.T, r *replica) { learn(t, r, large, "") }, "models.directory"},
		"corrupt": {func(t *testing.T, r *replica) {
			m := constant(t, 2)
			if err := r.dir.WriteModel("shop", m); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(string(r.dir), "models", "shop.safetensors")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content[len(content)-9] ^= 1
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			verdict(t, r, m, "", true)
		}, "checksum"},
		"another step": {func(t *testing.T, r *replica) {
			learn(t, r, constant(t, 2, func(s *fakemodel.Shape) { s.Step = time.Minute }), "")
		}, "steps of 1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			r := s.lead()
			c.learn(t, r)
			var lines []string
			s.eventually("a refusal", func() bool { lines = append(lines, r.news.take()...); return len(lines) > 0 })
			if len(lines) != 1 || !strings.Contains(lines[0], "is refused") || !strings.Contains(lines[0], c.want) {
				t.Errorf("news %q, want a refusal with %q", lines, c.want)
			}
			s.eventually("the learner is told", func() bool {
				l, err := r.dir.ReadList()
				return err == nil && l.Applications[0].Refused != nil && strings.Contains(l.Applications[0].Refused.Reason, c.want)
			})
			if n := len(s.kube.Objects("configmaps")); n != 1 {
				t.Errorf("%d ConfigMaps, want that of the API server", n)
			}
		})
	}
}

// TestWhatMayPass tries again what is not the model's fault.
func TestWhatMayPass(t *testing.T) {
	s := newSite(t)
	outage := errors.New("prometheus is away")
	broken := make(chan bool, 1)
	broken <- true
	s.window = func() (*estimator.Window, error) {
		b := <-broken
		broken <- b
		if b {
			return nil, outage
		}
		return observed(), nil
	}
	r := s.lead()
	m := constant(t, 2)

	verdict(t, r, m, "", true)
	s.eventually("the model is missing", func() bool { return strings.Contains(r.news.failure(), "no such file") })
	if err := r.dir.WriteModel("shop", constant(t, 3)); err != nil {
		t.Fatal(err)
	}
	r.changed()
	s.eventually("it is another", func() bool { return strings.Contains(r.news.failure(), "the report is about") })
	if err := r.dir.WriteModel("shop", m); err != nil {
		t.Fatal(err)
	}
	r.changed()
	s.eventually("there is no window", func() bool { return strings.Contains(r.news.failure(), outage.Error()) })
	<-broken
	broken <- false
	r.changed()
	s.wants(r, "it is published", fmt.Sprintf("shop: %.8s is published from 12:01:30", m.Hash()))
	s.eventually("all is well", func() bool { return r.news.failure() == "" })
}

func TestThreeModelsAreKept(t *testing.T) {
	s := newSite(t)
	for i := range 5 {
		s.publish(constant(t, float64(1+i)), at(i-9))
	}
	r := s.lead()
	s.eventually("two are removed", func() bool { return len(s.kube.Objects("configmaps")) == 1+keep })
	if got := serves(t, r, at(0)); got != 5 {
		t.Errorf("%v replicas", got)
	}
}

// TestServingModelIsKept publishes bad ones over a good one.
func TestServingModelIsKept(t *testing.T) {
	s := newSite(t)
	s.publish(constant(t, 2), at(-9))
	for i := range 4 {
		s.publish(constant(t, 3, func(h *fakemodel.Shape) { h.Window = 25 + i }), at(i-8))
	}
	r := s.lead()
	s.eventually("one is removed", func() bool { return len(s.kube.Objects("configmaps")) == 1+keep+1 })
	r.changed()
	if got := serves(t, r, at(0)); got != 2 {
		t.Errorf("%v replicas", got)
	}
}

func TestPinByAnnotation(t *testing.T) {
	s := newSite(t)
	old, young, next := constant(t, 2), constant(t, 3), constant(t, 4)
	s.publish(old, at(-9))
	s.publish(young, at(-5))
	leader, follower := s.lead(), s.start(false)
	annotate := func(value string) {
		t.Helper()
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, pinAnnotation, value)
		if _, err := s.client.CoreV1().ConfigMaps(fakekube.Namespace).Patch(t.Context(), configMapName("shop", old.Hash()), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	annotate(`"true"`)
	for _, r := range []*replica{leader, follower} {
		s.eventually("the old one is to serve", func() bool { return serves(t, r, at(3)) == 2 })
		if got := serves(t, r, at(2)); got != 3 {
			t.Errorf("%v replicas before the pin holds", got)
		}
	}
	s.clock.Step(5 * step)
	s.eventually("the learner knows", func() bool {
		l, err := leader.dir.ReadList()
		return err == nil && l.Applications[0].Serving == old.Hash()
	})
	leader.news.take()
	learn(t, leader, next, old.Hash())
	annotate("null")
	s.eventually("it is published without the pin", func() bool {
		return slices.Contains(leader.news.take(), fmt.Sprintf("shop: %.8s is published from 12:04:00", next.Hash()))
	})
}

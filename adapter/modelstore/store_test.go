package modelstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
)

func TestNewestModelServesAfterARestart(t *testing.T) {
	s := newSite(t)
	s.publish(constant(t, 2), at(-10))
	s.publish(constant(t, 3), at(-5))
	s.publish(constant(t, 4), at(3))
	r := s.start(false)
	for i, want := range map[int]float64{-1: 3, 0: 3, 2: 3, 3: 4, 100: 4} {
		if got := serves(t, r, at(i)); got != want {
			t.Errorf("at step %d: %v replicas, want %v", i, got, want)
		}
	}
	if m := r.At("bank", noon); m != nil {
		t.Errorf("application bank: %+v", m)
	}
	if diff := cmp.Diff([]string{fmt.Sprintf("shop: %.8s serves", constant(t, 3).Hash())}, r.news.take()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestModelIsLoadedBeforeItServes(t *testing.T) {
	s := newSite(t)
	r := s.start(false)
	if got := serves(t, r, at(0)); got != 0 {
		t.Fatalf("%v replicas", got)
	}
	s.publish(constant(t, 3), at(3))
	s.eventually("it is loaded", func() bool { return r.At("shop", at(3)) != nil })
	if got := serves(t, r, at(2)); got != 0 {
		t.Errorf("%v replicas before its step", got)
	}
	s.kube.Delete("", "v1", "configmaps", fakekube.Namespace, configMapName("shop", constant(t, 3).Hash()))
	s.eventually("it is gone", func() bool { return r.At("shop", at(3)) == nil })
}

// TestBadObjectsAreRefused publishes what may not serve over what does.
func TestBadObjectsAreRefused(t *testing.T) {
	good := constant(t, 2)
	for name, c := range map[string]struct {
		publish func(s *site)
		want    string
	}{
		"another hash": {func(s *site) {
			m := constant(t, 3)
			o := offer{name: "deepscaler-model-forged", application: "shop", hash: strings.Repeat("ab", 32), from: []time.Time{at(-1)}}
			object, err := configMapOf(o, m, &exchange.Report{})
			if err != nil {
				t.Fatal(err)
			}
			object.Namespace = fakekube.Namespace
			if err := s.kube.Put(object, "configmaps"); err != nil {
				t.Fatal(err)
			}
		}, "hash"},
		"another step":          {func(s *site) { s.publish(constant(t, 3, func(h *fakemodel.Shape) { h.Step = time.Minute }), at(-1)) }, "steps of 1m0s"},
		"looks too far back":    {func(s *site) { s.publish(constant(t, 3, func(h *fakemodel.Shape) { h.Window = 25 }), at(-1)) }, "looks back 25 steps"},
		"not far enough ahead":  {func(s *site) { s.publish(constant(t, 3, func(h *fakemodel.Shape) { h.Horizon = 2 }), at(-1)) }, "1m0s ahead"},
		"cut":                   {func(s *site) { s.spoil(constant(t, 3), func(b []byte) []byte { return b[:len(b)/2] }) }, "unexpected EOF"},
		"damaged":               {func(s *site) { s.spoil(constant(t, 3), func(b []byte) []byte { b[len(b)/2] ^= 8; return b }) }, "ConfigMap"},
		"not compressed":        {func(s *site) { s.spoil(constant(t, 3), func([]byte) []byte { return []byte("model") }) }, "EOF"},
		"something else inside": {func(s *site) { s.spoil(constant(t, 3), func([]byte) []byte { return nil }) }, "lacks binaryData"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.publish(good, at(-9))
			c.publish(s)
			r := s.start(false)
			if got := serves(t, r, at(0)); got != 2 {
				t.Errorf("%v replicas, want those of the old model", got)
			}
			lines := r.news.take()
			if len(lines) != 2 || !strings.Contains(lines[0], "is refused") || !strings.Contains(lines[0], c.want) {
				t.Errorf("news %q, want a refusal with %q", lines, c.want)
			}
		})
	}
}

// spoil publishes a model with another content.
func (s *site) spoil(m *artifact.Model, change func([]byte) []byte) {
	s.t.Helper()
	o := offer{name: configMapName("shop", m.Hash()), application: "shop", hash: m.Hash(), from: []time.Time{at(-1)}}
	c, err := configMapOf(o, m, &exchange.Report{})
	if err != nil {
		s.t.Fatal(err)
	}
	c.Namespace = fakekube.Namespace
	if c.BinaryData[modelKey] = change(c.BinaryData[modelKey]); c.BinaryData[modelKey] == nil {
		c.BinaryData = nil
	}
	if err := s.kube.Put(c, "configmaps"); err != nil {
		s.t.Fatal(err)
	}
}

func TestMalformedAnnotationsAreVisible(t *testing.T) {
	s := newSite(t)
	m := constant(t, 3)
	c, err := configMapOf(offer{name: "by-hand", application: "shop", hash: m.Hash()}, m, &exchange.Report{})
	if err != nil {
		t.Fatal(err)
	}
	c.Namespace, c.Annotations[fromAnnotation] = fakekube.Namespace, "tomorrow"
	if err := s.kube.Put(c, "configmaps"); err != nil {
		t.Fatal(err)
	}
	r := s.start(false)
	s.eventually("it is reported", func() bool { return strings.Contains(r.news.failure(), `"tomorrow"`) })
	if r.At("shop", at(0)) != nil {
		t.Error("it serves")
	}
}

func TestPinOfTheConfiguration(t *testing.T) {
	old, young := constant(t, 2), constant(t, 3)
	for name, c := range map[string]struct {
		pin     string
		want    float64
		failure string
	}{
		"newest":  {"", 3, ""},
		"old one": {old.Hash()[:8], 2, ""},
		"none":    {"none", 0, ""},
		"unknown": {"00000000", 0, "not published"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.config = func(a *config.Adapter) { a.Applications = []config.Override{{Name: "shop", Model: &c.pin}} }
			s.publish(old, at(-9))
			s.publish(young, at(-5))
			r := s.start(false)
			if got := serves(t, r, at(0)); got != c.want {
				t.Errorf("%v replicas, want %v", got, c.want)
			}
			s.eventually("failure", func() bool { return (r.news.failure() != "") == (c.failure != "") })
			if !strings.Contains(r.news.failure(), c.failure) {
				t.Errorf("failure %q, want %q", r.news.failure(), c.failure)
			}
		})
	}
}

func TestQuantileOfTheConfiguration(t *testing.T) {
	m := constant(t, 2, func(h *fakemodel.Shape) { h.Quantiles = []float64{0.5, 0.9} })
	for quantile, want := range map[float64]float64{0: 2, 0.5: 2, 0.9: 3} {
		s := newSite(t)
		s.config = func(a *config.Adapter) { a.Defaults.Quantile = quantile }
		s.publish(m, at(-9))
		if got := serves(t, s.start(false), at(0)); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v: %v replicas, want %v", quantile, got, want)
		}
	}
}

// TestReplicasAgree publishes, deletes and pins while several replicas are asked what
// serves at each step: where they have seen the same, they answer the same.
func TestReplicasAgree(t *testing.T) {
	s := newSite(t)
	replicas := []*replica{s.start(false), s.start(false), s.start(false)}
	for i := range 6 {
		s.publish(constant(t, float64(1+i)), at(i), at(20-2*i))
	}
	late := s.start(false)
	for _, r := range append(replicas, late) {
		s.eventually("all is seen", func() bool { offers, _ := r.shelf.offers(); return len(offers) == 6 && r.At("shop", at(20)) != nil })
		r.changed()
	}
	s.eventually("they agree", func() bool {
		return slices.EqualFunc([]*replica{replicas[0], replicas[1], replicas[2]}, []*replica{late, late, late}, func(a, b *replica) bool {
			for i := range 24 {
				if serves(t, a, at(i)) != serves(t, b, at(i)) {
					return false
				}
			}
			return true
		})
	})
	want := map[int]float64{0: 1, 5: 6, 9: 6, 11: 6, 12: 5, 14: 4, 16: 3, 18: 2, 20: 1}
	for _, i := range slices.Sorted(maps.Keys(want)) {
		if got := serves(t, late, at(i)); got != want[i] {
			t.Errorf("at step %d: %v replicas, want %v", i, got, want[i])
		}
	}
}

func TestUnreadableModelIsTriedAgain(t *testing.T) {
	s := newSite(t)
	r := s.start(false)
	r.stop()
	fails := errors.New("connection refused")
	flaky := &flakyShelf{shelf: r.shelf, offer: offer{name: "m", application: "shop", hash: constant(t, 3).Hash(), from: []time.Time{at(-1)}}, content: constant(t, 3), err: fmt.Errorf("%w: %w", errUnavailable, fails)}
	r.shelf = flaky
	r.turn(t.Context())
	if got := r.news.failure(); !strings.Contains(got, fails.Error()) {
		t.Errorf("failure %q", got)
	}
	flaky.err = nil
	r.turn(t.Context())
	if got := serves(t, r, at(0)); got != 3 || r.news.failure() != "" {
		t.Errorf("%v replicas, failure %q", got, r.news.failure())
	}
}

// flakyShelf has one offer, which it reads or not.
type flakyShelf struct {
	shelf
	offer   offer
	content *artifact.Model
	err     error
}

func (f *flakyShelf) synced() bool               { return true }
func (f *flakyShelf) offers() ([]offer, []error) { return []offer{f.offer}, nil }
func (f *flakyShelf) model(context.Context, offer) (*artifact.Model, error) {
	return f.content, f.err
}

func TestOffersMadeByHand(t *testing.T) {
	if o, err := offerOf(&corev1.ConfigMap{}); err == nil {
		t.Errorf("an object without label and hash is the offer %+v", o)
	}
	o, err := offerOf(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Labels: map[string]string{modelLabel: "shop"}, Annotations: map[string]string{hashAnnotation: "ab", pinAnnotation: "true"},
	}})
	if err != nil || !o.pinned || len(o.from) != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

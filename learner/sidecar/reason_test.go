package sidecar

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

func TestReason(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	model := func(age time.Duration, services ...string) *artifact.Model {
		return &artifact.Model{Services: services, Created: now.Add(-age)}
	}
	young := model(time.Hour, "shop/cart", "shop/web")
	loss := func(model, hab, ratio float64) *test {
		return &test{model: exchange.Figures{Loss: model}, hab: exchange.Figures{Loss: hab}, ratio: ratio}
	}
	for name, tt := range map[string]struct {
		serving *artifact.Model
		misfit  error
		since   *test
		want    Reason
		text    string
	}{
		"no model":                   {nil, nil, nil, NoModel, "there was no model"},
		"good, nothing to test on":   {young, nil, nil, None, "still good"},
		"good":                       {young, nil, loss(0.8, 1, 0.7), None, "still good"},
		"worse than queueing theory": {young, nil, loss(1.1, 1, 0), Accuracy, "loss of 1.1"},
		"lost most of its lead":      {young, nil, loss(0.9, 1, 0.7), Accuracy, "0.90 times the loss of queueing theory"},
		"old":                        {model(49*time.Hour, "shop/cart", "shop/web"), nil, loss(0.5, 1, 0.5), Age, "is 49h0m0s old"},
		"joined":                     {model(time.Hour, "shop/web"), nil, nil, Services, "shop/cart has joined"},
		"left":                       {model(time.Hour, "shop/cart", "shop/old", "shop/web"), nil, nil, Services, "shop/old has left"},
		"misfit":                     {young, errors.New("it has steps of 30s"), nil, Misfit, "does not fit: it has steps of 30s"},
		"misfit before services":     {model(time.Hour, "shop/web"), errors.New("steps"), nil, Misfit, "does not fit"},
		"accuracy before age":        {model(49*time.Hour, "shop/cart", "shop/web"), nil, loss(2, 1, 0), Accuracy, "loss"},
	} {
		s := situation{now: now, maxAge: 48 * time.Hour, application: application("shop"), serving: tt.serving, misfit: tt.misfit, since: tt.since}
		if got, text := s.reason(); got != tt.want || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %q because %s, want %q … %s", name, got, text, tt.want, tt.text)
		}
	}
}

// The application that is due for longest is next, and failures are repeated ever more
// rarely.
func TestSchedule(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := &schedule{settings: settings(), random: func() float64 { return 0 }, entries: map[string]*entry{}}
	dues := map[string]time.Time{"a": now.Add(-time.Minute), "b": now.Add(-time.Hour), "c": now.Add(time.Minute)}
	s.list([]exchange.Application{application("a"), application("b"), application("c")}, func(a exchange.Application) time.Time { return dues[a.Name] })
	for _, want := range []string{"b", "a", ""} {
		e, got := s.next(now), ""
		if e != nil {
			got = e.Name
			s.finish(e.Name, now, outcome{result: resultKept, detail: "it is no better"})
		}
		if got != want {
			t.Errorf("%q is next, want %q", got, want)
		}
	}
	if got, want := s.entries["b"].due.Sub(now), 54*time.Minute; got != want {
		t.Errorf("the next look is in %v, want %v: the interval less its jitter", got, want)
	}
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		s.finish("a", now, failed(errDown))
		if got := s.entries["a"].due.Sub(now); got != want {
			t.Errorf("after %d failures the next look is in %v, want %v", s.entries["a"].failures, got, want)
		}
	}
	if got, want := s.share(), 20*time.Minute; got != want {
		t.Errorf("a look may take %v, want %v", got, want)
	}
}

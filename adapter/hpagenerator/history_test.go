package hpagenerator_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/adapter/hpagenerator"
	"github.com/deepscaler/deepscaler/adapter/internal/fakeprometheus"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

func TestPrometheus(t *testing.T) {
	cart, web := estimator.Service{Namespace: "shop", Name: "cart"}, estimator.Service{Namespace: "shop", Name: "web"}
	server := fakeprometheus.New([]estimator.Service{cart})
	t.Cleanup(server.Close)
	c := telemetry.DefaultConfig()
	c.Prometheus.URL = server.URL
	now := func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }
	for span, samples := range map[time.Duration]int{time.Hour: 12, 7 * 24 * time.Hour: 2016, 14 * 24 * time.Hour: 2016} {
		p, err := hpagenerator.NewPrometheus(c, span, now)
		if err != nil {
			t.Fatal(err)
		}
		history, err := p.Replicas(t.Context(), []estimator.Service{web, cart})
		if err != nil {
			t.Fatal(err)
		}
		if got := history[cart]; len(got) != samples || slices.Min(got) != fakeprometheus.Replicas {
			t.Errorf("%v: %d samples from %v, want %d of %d", span, len(got), slices.Min(got), samples, fakeprometheus.Replicas)
		}
		if slices.ContainsFunc(history[web], func(v float64) bool { return !math.IsNaN(v) }) {
			t.Errorf("a service without telemetry had %v replicas", history[web])
		}
	}
	if _, err := hpagenerator.NewPrometheus(c, time.Minute, now); err == nil || !strings.Contains(err.Error(), "at least 1h") {
		t.Errorf("error %v for a history of a minute", err)
	}
	server.Set(fakeprometheus.Broken)
	p, err := hpagenerator.NewPrometheus(c, time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Replicas(t.Context(), []estimator.Service{cart}); err == nil || !strings.Contains(err.Error(), "history of replicas") {
		t.Errorf("error %v from a broken server", err)
	}
}

package queueing

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// TestSharesAddUpToTheSLO plans a chain for an SLO and checks, with the
// response times of processor sharing, that it is met exactly.
func TestSharesAddUpToTheSLO(t *testing.T) {
	stations := arrivingAt(10, 20, 20)
	net := connected(3, edge{0, 1, 2}, edge{1, 2, 1})
	net.entry[0] = true
	unloaded := []float64{0.030, 0.020, 0.010} // 30 + 2·(20 + 10) = 90 ms at the entry
	utilisation := []float64{0.4, 0.2, 0.6}
	for i := range stations {
		for step := range stations[i].CPU {
			stations[i].CPU[step] = utilisation[i]
			r := func(k int) float64 { return unloaded[k] / (1 - utilisation[k]) }
			stations[i].Latency[step] = []float64{r(0) + 2*(r(1)+r(2)), r(1) + r(2), r(2)}[i]
		}
	}
	l := net.observeLatencies(stations)
	for i, want := range unloaded {
		if !near(l.curves[i].Unloaded, want, 1e-9) {
			t.Errorf("service %d takes %v s without load, want %v", i, l.curves[i].Unloaded, want)
		}
	}
	c := DefaultConfig()
	c.SLO = 300 * time.Millisecond
	targets := net.targets(c.policy(), stations, l)
	response := 0.0
	for i, visits := range []float64{1, 2, 2} {
		response += visits * unloaded[i] / (1 - targets[i])
	}
	if !near(response, 0.3, 1e-9) {
		t.Errorf("targets %v give a response time of %v s, want the SLO of 0.3 s", targets, response)
	}
}

// TestForecastsAndLabelsHaveOneRule compares targets with those of a fit in hindsight of the
// same telemetry, under SLOs from more than enough to too tight.
func TestForecastsAndLabelsHaveOneRule(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 14))
	const steps = 40
	calls := []edge{{0, 1, 2}, {0, 2, 0.1}, {3, 1, 1}}
	arriving := []float64{10, 25, 1, 5} // 0 and 3 are the entries
	unloaded, replicas := []float64{0.02, 0.01, 0.3, 0.1}, 5.0
	services := make([]demand.Service, 4)
	for i := range services {
		services[i] = demand.Service{Step: 15, Replicas: slices.Repeat([]float64{replicas}, steps), CPU: make([]float64, steps),
			Requests: make([]float64, steps), Latency: make([]float64, steps)}
	}
	for step := range steps {
		var own [4]float64
		for i := range services {
			u := 0.2 + 0.6*rng.Float64()
			own[i] = unloaded[i] / (1 - u)
			services[i].CPU[step], services[i].Requests[step] = u, arriving[i]
		}
		for i := range services {
			services[i].Latency[step] = own[i]
		}
		for _, e := range calls {
			services[e.source].Latency[step] += e.ratio * own[e.destination]
		}
	}
	net := connected(4, calls...)
	net.entry[0], net.entry[3] = true, true
	stations := stations(services, estimator.Range{To: steps})
	var edges []estimator.Edge
	for _, e := range calls {
		edges = append(edges, estimator.Edge{Source: e.source, Destination: e.destination, Weight: e.ratio})
	}
	c := DefaultConfig()
	c.MinUtilisation, c.MaxUtilisation = 0.1, 0.85
	var different bool
	for _, slo := range []time.Duration{0, 5 * time.Second, time.Second, 500 * time.Millisecond, 200 * time.Millisecond, 80 * time.Millisecond, time.Millisecond} {
		c.SLO = slo
		h, err := demand.Look(c.policy(), services, edges, estimator.Range{To: steps})
		if err != nil {
			t.Fatal(err)
		}
		targets := net.targets(c.policy(), stations, net.observeLatencies(stations))
		for i, f := range h.Fitted {
			if !near(targets[i], f.Utilisation, 1e-2) {
				t.Errorf("SLO %v: replicas of service %d are planned for %v and counted for %v", slo, i, targets[i], f.Utilisation)
			}
		}
		different = different || targets[0] != targets[3]
	}
	if !different {
		t.Error("no SLO tells the services apart")
	}
}

func TestTarget(t *testing.T) {
	slo := func(d time.Duration, percentile float64) Config {
		c := DefaultConfig()
		c.SLO, c.SLOPercentile = d, percentile
		return c
	}
	tests := []struct {
		name     string
		config   Config
		unloaded float64
		want     float64
	}{
		{"no SLO", slo(0, 0), 0.1, 0.65},
		{"latency not known", slo(time.Second, 0), missing, 0.65},
		{"in between", slo(time.Second, 0), 0.3, 0.7},
		{"loose", slo(time.Second, 0), 0.001, 0.8},
		{"tight", slo(time.Second, 0), 0.9, 0.5},
		{"p95 allows a third of it as the mean", slo(time.Second, 0.95), 0.1, 1 - 0.1*-math.Log(0.05)},
	}
	for _, tt := range tests {
		p := tt.config.policy()
		if got := p.Target(p.SLO.Stretch(tt.unloaded), demand.Curve{Growth: 1}); !near(got, tt.want, 1e-9) {
			t.Errorf("%s: target %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestServiceBehindSeveralEntriesTakesTheLowestTarget(t *testing.T) {
	net := connected(4, edge{0, 2, 1}, edge{1, 2, 1}, edge{1, 3, 1})
	net.entry[0], net.entry[1] = true, true
	c := DefaultConfig()
	c.SLO = time.Second
	l := &latencies{curves: []demand.Curve{{Unloaded: 0.3, Growth: 1}, {Unloaded: 0.15, Growth: 1}, {Unloaded: 0.1, Growth: 1}, {Unloaded: 0, Growth: 1}}}
	got := net.targets(c.policy(), make([]station, 4), l)
	for i, want := range []float64{0.6, 0.75, 0.6, 0.75} {
		if !near(got[i], want, 1e-9) {
			t.Errorf("targets %v, want 0.6, 0.75, 0.6 and 0.75", got)
			break
		}
	}
}

func TestEntryThatCannotKeepTheSLODoesNotCount(t *testing.T) {
	net := connected(4, edge{0, 2, 1}, edge{1, 2, 1}, edge{1, 3, 1})
	net.entry[0], net.entry[1] = true, true
	c := DefaultConfig()
	c.SLO = time.Second
	l := &latencies{curves: []demand.Curve{{Unloaded: 0.25, Growth: 1}, {Unloaded: 2, Growth: 1}, {Unloaded: 0.05, Growth: 1}, {Unloaded: 0.1, Growth: 1}}}
	got := net.targets(c.policy(), make([]station, 4), l)
	for i, want := range []float64{0.7, 0.65, 0.7, 0.65} {
		if !near(got[i], want, 1e-9) {
			t.Errorf("targets %v, want 0.7 on the paths of the fast entry and the middle, 0.65, elsewhere", got)
			break
		}
	}
}

// TestParallelCallsDoNotAddUp has a fan-out whose callees take longer in sum than
// the whole request does.
func TestParallelCallsDoNotAddUp(t *testing.T) {
	stations := arrivingAt(10, 10, 10)
	net := connected(3, edge{0, 1, 1}, edge{0, 2, 1})
	net.entry[0] = true
	for i, latency := range []float64{0.2, 0.15, 0.18} {
		for step := range stations[i].Latency {
			stations[i].Latency[step], stations[i].CPU[step] = latency, 0.01
		}
	}
	c := DefaultConfig()
	c.SLO = 500 * time.Millisecond
	if got := net.targets(c.policy(), stations, net.observeLatencies(stations))[0]; !near(got, 0.6, 1e-9) {
		t.Errorf("target %v for a request of 0.2 s, want 1 - 0.2/0.5", got)
	}
}

func TestConfigValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatalf("defaults: %v", err)
	}
	bad := map[string]func(*Config){
		"negative SLO":           func(c *Config) { c.SLO = -1 },
		"percentile in per cent": func(c *Config) { c.SLOPercentile = 95 },
		"percentile too low":     func(c *Config) { c.SLOPercentile = 0.05 },
		"percentile NaN":         func(c *Config) { c.SLOPercentile = missing },
		"no utilisation":         func(c *Config) { c.MinUtilisation = 0 },
		"bounds crossed":         func(c *Config) { c.MinUtilisation, c.MaxUtilisation = 0.8, 0.5 },
		"full utilisation":       func(c *Config) { c.MaxUtilisation = 1 },
		"utilisation NaN":        func(c *Config) { c.MaxUtilisation = missing },
		"negative headroom":      func(c *Config) { c.Headroom = -1 },
		"headroom NaN":           func(c *Config) { c.Headroom = missing },
		"no lead time":           func(c *Config) { c.LeadTime = 0 },
		"negative horizon":       func(c *Config) { c.Horizon = -1 },
	}
	for name, spoil := range bad {
		c := DefaultConfig()
		spoil(&c)
		if c.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
		if _, err := NewHAB(c); err == nil {
			t.Errorf("NewHAB accepts %s", name)
		}
		if _, err := NewMMN(c); err == nil {
			t.Errorf("NewMMN accepts %s", name)
		}
	}
}

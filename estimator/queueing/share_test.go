package queueing

import (
	"math"
	"testing"
	"time"

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
	targets := net.targets(c, l)
	response := 0.0
	for i, visits := range []float64{1, 2, 2} {
		response += visits * unloaded[i] / (1 - targets[i])
	}
	if !near(response, 0.3, 1e-9) {
		t.Errorf("targets %v give a response time of %v s, want the SLO of 0.3 s", targets, response)
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
		if got := tt.config.target(tt.config.stretch(tt.unloaded), demand.Curve{Growth: 1}); !near(got, tt.want, 1e-9) {
			t.Errorf("%s: target %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestServiceBehindSeveralEntriesTakesTheLowestTarget(t *testing.T) {
	net := connected(4, edge{0, 2, 1}, edge{1, 2, 1}, edge{1, 3, 1})
	net.entry[0], net.entry[1] = true, true
	c := DefaultConfig()
	c.SLO = time.Second
	l := &latencies{curves: []demand.Curve{{Unloaded: 0.3, Growth: 1}, {Unloaded: 0.15, Growth: 1}, {Unloaded: 0.1, Growth: 1}, {Unloaded: 0, Growth: 1}}, response: []float64{missing, missing, missing, missing}}
	got := net.targets(c, l)
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
	l := &latencies{curves: []demand.Curve{{Unloaded: 0.25, Growth: 1}, {Unloaded: 2, Growth: 1}, {Unloaded: 0.05, Growth: 1}, {Unloaded: 0.1, Growth: 1}}, response: []float64{missing, missing, missing, missing}}
	got := net.targets(c, l)
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
	if got := net.targets(c, net.observeLatencies(stations))[0]; !near(got, 0.6, 1e-9) {
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

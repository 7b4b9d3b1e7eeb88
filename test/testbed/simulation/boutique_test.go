package simulation_test

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Online Boutique against figures measured on a running one, at a load so light that
// nothing queues: requests per request to the front within 4 % (0.001 for rare ones), CPU per request (the
// slope over requests) within 6 %, and the latency of the whole service, callees
// included, between 0.8 times the measured tenth percentile and 1.1 times the median.
// The latency measured at shippingservice is below its own CPU time (see the
// description), so there it is that time within 10 %.
func TestOnlineBoutiqueAgainstMeasurements(t *testing.T) {
	measured := map[string]struct{ ratio, coreMS, p10, median float64 }{
		"frontend":              {1, 5.854, 36.58, 72.28},
		"adservice":             {0.568, 0.522, 0.57, 0.7},
		"cartservice":           {0.969, 1.106, 1.36, 10.08},
		"checkoutservice":       {0.033, 21.862, 95.15, 152.86},
		"currencyservice":       {3.032, 0.383, 0.76, 1.71},
		"emailservice":          {0.033, 1.444, 1.41, 1.71},
		"paymentservice":        {0.033, 0.919, 1.05, 1.12},
		"productcatalogservice": {5.475, 0.18, 0.32, 1.15},
		"recommendationservice": {0.701, 1.724, 6.4, 17.55},
		"shippingservice":       {0.265, 0.619, 0.619, 0.619},
	}
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	const seconds = 15000
	e := engine(t, a)
	poisson(t, e, 4)
	e.Run(seconds)
	front := e.Totals(a.Service("frontend"))
	for i, s := range a.Services {
		want, got := measured[s.Name], e.Totals(i)
		n := float64(got.Requests)
		if ratio := n / float64(front.Requests); math.Abs(ratio-want.ratio) > 0.04*want.ratio+0.001 {
			t.Errorf("%s: %.4f requests per request to the front, measured %.3f", s.Name, ratio, want.ratio)
		}
		idle := float64(s.Idle.CPU) * seconds * float64(s.Replicas)
		if core := (got.CPU - idle) / n * 1000; !within(core, want.coreMS, 0.06) {
			t.Errorf("%s: %.3f core-ms per request, measured %.3f", s.Name, core, want.coreMS)
		}
		if latency := got.Seconds / n * 1000; latency < 0.8*want.p10 || latency > 1.1*want.median {
			t.Errorf("%s: latency of %.2f ms, measured %.2f (p10) to %.2f (median)", s.Name, latency, want.p10, want.median)
		}
	}
}

// A fault slows a service down and fails some of its calls, and then its callers.
func TestFault(t *testing.T) {
	e := engine(t, describe(t, chain))
	poisson(t, e, 5)
	if err := e.SetFault(1, simulation.Fault{Slowdown: 3, Errors: 0.2}); err != nil {
		t.Fatal(err)
	}
	e.Run(2000)
	back, front := e.Totals(1), e.Totals(0)
	if got := back.CPU / float64(back.Requests); !within(got, 0.060, 0.01) {
		t.Errorf("a call of back costs %v core-seconds, want three times 0.020", got)
	}
	if share := float64(front.Failures) / float64(front.Requests); !within(share, 0.2, 0.1) {
		t.Errorf("%.3f of the requests fail, want 0.2", share)
	}
	if err := e.SetFault(1, simulation.Fault{}); err != nil {
		t.Fatal(err)
	}
	e.Run(2010)
	e.TakeResponses()
	e.Run(3000)
	if got := e.TakeResponses(); got.Failures != 0 || !within(got.Mean(), 0.001+0.020/(1-5*0.020), 0.05) {
		t.Errorf("after the fault %d of %d requests fail, mean %v s", got.Failures, got.Count, got.Mean())
	}
	for _, bad := range []simulation.Fault{{Slowdown: -1}, {Errors: 2}, {Slowdown: math.NaN()}, {Errors: math.NaN()}} {
		if err := e.SetFault(1, bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

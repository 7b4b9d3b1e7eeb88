package autoscaler

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// On days that it has not seen, the forecast is nearer to what comes than the last value is.
func TestForecasterLearnsWhatRecurs(t *testing.T) {
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	const step, ahead = 30 * time.Second, 4
	for text, most := range map[string]float64{"day:period=1h,noise=0.02": 0.7, "bursts:noise=0.02": 0.7} {
		g, err := workload.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		test := workload.Span{Seed: 5, Duration: 2 * time.Hour}
		train, err := g.Training(test)
		if err != nil {
			t.Fatal(err)
		}
		past, err := g.Make(a, 1, train)
		if err != nil {
			t.Fatal(err)
		}
		f, err := newForecaster(past, step, ahead)
		if err != nil {
			t.Fatal(err)
		}
		coming, err := g.Make(a, 1, test)
		if err != nil {
			t.Fatal(err)
		}
		series := make([]float64, len(coming.Profile)/30)
		for i := range series {
			for _, v := range coming.Profile[30*i : 30*i+30] {
				series[i] += v / 30 / past.Mean()
			}
		}
		forecast, last := 0.0, 0.0
		for end := lags; end+ahead <= len(series); end++ {
			truth := 0.0
			for _, v := range series[end : end+ahead] {
				truth = max(truth, v)
			}
			forecast += math.Abs(f.peak(series[end-lags:end], time.Duration(end)*step) - truth)
			last += math.Abs(series[end-1] - truth)
		}
		if forecast > most*last {
			t.Errorf("%s: the forecast is off by %.2f of what the last value is, want at most %.2f", text, forecast/last, most)
		}
	}
}

func TestUsageFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var h usageHistory
	for range 200 {
		requests, replicas := 20+80*r.Float64(), float64(1+r.IntN(6))
		h.add(requests, replicas, 0.02*replicas+0.005*requests+0.01*r.NormFloat64(), 150)
	}
	h.add(math.NaN(), 1, 1, 150)
	idle, each, ok := h.fit()
	if !ok || math.Abs(idle-0.02) > 0.002 || math.Abs(each-0.005) > 0.0003 {
		t.Errorf("a replica uses %v cores and a request per second %v (%v), want 0.02 and 0.005", idle, each, ok)
	}
	if len(h.cores) != 150 {
		t.Errorf("%d values are kept, want 150", len(h.cores))
	}
	// With the same replicas all the time there is still a slope.
	var flat usageHistory
	for range 10 {
		flat.add(0, 2, 0, 100)
	}
	if _, _, ok := flat.fit(); ok {
		t.Error("a service without requests has a fit")
	}
}

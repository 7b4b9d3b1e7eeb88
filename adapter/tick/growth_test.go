package tick

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// load is a scripted forecast; nil is none.
type load struct{ growth *queueing.Growth }

func (l load) Growth(context.Context, *estimator.Window) (*queueing.Growth, error) {
	if l.growth == nil {
		return nil, errors.New("no load")
	}
	return l.growth, nil
}

// theory counts how often it is asked for the load, which doubles.
type theory struct {
	chain
	asked int
}

func (m *theory) At(application string, end time.Time) Model {
	at := m.chain.At(application, end)
	at.Load = m
	return at
}

func (m *theory) Growth(ctx context.Context, _ *estimator.Window) (*queueing.Growth, error) {
	m.asked++
	return &queueing.Growth{Received: []float64{2, 2}, Outside: []float64{2, 2}}, ctx.Err()
}

// The load is forecast for those who read the links of a plan, also when its tick is over.
func TestRatesAreForecastWhenTheyAreRead(t *testing.T) {
	p, _ := pipeline()
	read, m := p.Source, &theory{chain: chain{always(1)}}
	p.Models = m
	p.Source = sourceFunc(func(s []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
		w, problems, err := read.Recent(t.Context(), s, 2, end)
		w.Calls = &estimator.CallGraph{Calls: []estimator.Call{{Source: estimator.Outside, Destination: 0, Rate: 7}}}
		return w, problems, err
	})
	ctx, end := context.WithCancel(t.Context())
	made, f := p.Plan(ctx, shop, noon)
	end()
	if f != nil {
		t.Fatal(f)
	}
	if m.asked != 0 {
		t.Errorf("the tick asked %d times for the load that only a scheduler reads", m.asked)
	}
	for range 2 {
		links := made.Links()
		if len(links.Calls) != 1 || len(links.Expected) != 1 || links.Calls[0].Value != 7 || links.Expected[0].Value != 14 {
			t.Errorf("links are %+v, want 7 calls per second that become 14", links)
		}
	}
	if m.asked != 1 {
		t.Errorf("two readers asked %d times for the load, want 1", m.asked)
	}
}

// Calls grow with the load of their caller, further where the network adds to theory's need.
func TestCallsGrowWithTheirCaller(t *testing.T) {
	w := estimator.NewWindow([]estimator.Service{cart, web}, nil, 1, plan.Step, noon)
	entry := estimator.Call{Source: estimator.Outside, Destination: 1, Rate: 7}
	inner := estimator.Call{Source: 1, Destination: 0, Rate: 21}
	doubled := &queueing.Growth{Received: []float64{5, 2}, Outside: []float64{1, 3}, Need: []float64{1, 4}}
	for name, c := range map[string]struct {
		load         Load
		served       string
		need         float64
		entry, inner float64
	}{
		"theory serves":           {load{doubled}, "hab", 6, 3, 2},
		"the network adds a half": {load{doubled}, Network, 6, 4.5, 3},
		"the network has no need": {load{doubled}, Network, math.NaN(), 3, 2},
		"no forecast of the load": {load{}, Network, 6, 1, 1},
		"nobody asks for one":     {nil, Network, 6, 1, 1},
	} {
		f := estimator.NewForecast(w.Services, 1, plan.Step)
		f.Set(0, 0, 1)
		f.Set(1, 0, c.need)
		b := &Basis{
			Model:    Model{Load: c.load, Sources: []plan.Source{{Estimator: c.served}}, Plan: plan.DefaultConfig()},
			Forecast: f, Origin: estimator.Origin{From: []int{0, 0}},
		}
		growth := b.growth(t.Context(), w)
		if got := growth(entry); got != c.entry {
			t.Errorf("%s: calls of users grow %v times, want %v", name, got, c.entry)
		}
		if got := growth(inner); got != c.inner {
			t.Errorf("%s: calls between services grow %v times, want %v", name, got, c.inner)
		}
	}
}

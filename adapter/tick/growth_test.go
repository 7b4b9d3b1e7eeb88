package tick

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// load is a scripted forecast; nil is none.
type load struct{ growth *queueing.Growth }

func (l load) Growth(context.Context, *estimator.Window) (*queueing.Growth, error) {
	if l.growth == nil {
		return nil, errors.New("no load")
	}
	return l.growth, nil
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

package gate

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// asks is an estimator that always asks for the same.
type asks struct {
	replicas float64
	err      error
}

func (a asks) Estimate(_ context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	f := estimator.NewForecast(w.Services, 4, w.Step)
	for n := range w.Services {
		for h := range f.Horizon {
			f.Set(n, h, a.replicas-float64(h)) // the largest counts
		}
	}
	return f, a.err
}

// needs labels every step of every service.
type needs struct {
	replicas float64
	censored bool
}

func (n needs) Label(w *estimator.Window, _ estimator.Range) (samples.Labels, error) {
	l := samples.Labels{Values: make([]float64, w.Steps*len(w.Services)), Censored: make([]bool, w.Steps*len(w.Services))}
	for i := range l.Values {
		l.Values[i], l.Censored[i] = n.replicas, n.censored
	}
	l.Values[len(l.Values)-1] = math.NaN() // unknown
	return l, nil
}

func history(steps int) *estimator.Window {
	w := estimator.NewWindow([]estimator.Service{{Name: "cart"}, {Name: "web"}}, estimator.DefaultFeatures(), steps, 15*time.Second, time.Unix(1e9, 0))
	return w
}

func TestJudge(t *testing.T) {
	for name, tt := range map[string]struct {
		asked, need float64
		censored    bool
		want        exchange.Figures
	}{
		"right":                    {5, 5, false, exchange.Figures{}},
		"too few":                  {3, 5, false, exchange.Figures{Loss: 1.6, Shortage: 2}},
		"too many":                 {6, 5, false, exchange.Figures{Loss: 0.2, Cost: 1}},
		"above a lower bound":      {6, 5, true, exchange.Figures{}},
		"less than a lower bound":  {4, 5, true, exchange.Figures{Loss: 0.8, Shortage: 1}},
		"as much as it could need": {9, 5, false, exchange.Figures{Loss: 0.8, Cost: 4}},
	} {
		c, err := NewCourt(Case{History: history(100), From: 80, Label: needs{tt.need, tt.censored}, Window: 10, LeadTime: time.Minute, Quantile: 0.8})
		if err != nil {
			t.Fatal(err)
		}
		j, err := c.Judge(t.Context(), asks{tt.asked, nil})
		if err != nil {
			t.Fatal(err)
		}
		// Origins 76 to 95, two services, without the one need that is unknown.
		tt.want.Samples = 39
		if diff := cmp.Diff(tt.want, j.Figures, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCourtRefuses(t *testing.T) {
	good := Case{History: history(100), From: 80, Label: needs{5, false}, Window: 10, LeadTime: time.Minute, Quantile: 0.8}
	for name, change := range map[string]func(*Case){
		"nothing held back":       func(c *Case) { c.From = 100 },
		"windows of all of it":    func(c *Case) { c.Window = 95 },
		"nothing to fit on":       func(c *Case) { c.From = 0 },
		"a lead time of all that": func(c *Case) { c.LeadTime = time.Hour },
	} {
		c := good
		change(&c)
		if _, err := NewCourt(c); !errors.Is(err, ErrTooShort) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := NewCourt(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Judge(t.Context(), asks{5, estimator.ErrInsufficientData}); !errors.Is(err, ErrTooShort) {
		t.Errorf("an estimator without a forecast: %v", err)
	}
	if _, err := c.Judge(t.Context(), asks{5, context.Canceled}); !errors.Is(err, context.Canceled) {
		t.Errorf("an estimator that fails: %v", err)
	}
}

// judged makes a judgement with one loss for each of ten stretches of time.
func judged(losses ...float64) *Judgement {
	j := &Judgement{losses: losses}
	for _, l := range losses {
		j.counts = append(j.counts, 1)
		j.Loss += l / float64(len(losses))
	}
	j.Samples = len(losses)
	return j
}

func TestDecide(t *testing.T) {
	ten := func(low, high float64) []float64 {
		var all []float64
		for i := range 10 {
			all = append(all, low+(high-low)*float64(i%2))
		}
		return all
	}
	hab := judged(ten(1, 1.2)...)
	few := judged(ten(0.1, 0.1)[:5]...)
	for name, tt := range map[string]struct {
		child, parent *Judgement
		publish       bool
		reason        string
	}{
		"better":                     {judged(ten(0.8, 1)...), nil, true, "18.2 % below the 1.1 of queueing theory"},
		"worse":                      {judged(ten(1.1, 1.3)...), nil, false, "is not below"},
		"equal":                      {judged(ten(1, 1.2)...), nil, false, "is not below"},
		"better by chance":           {judged(0.1, 2, 1, 1.2, 1, 1.2, 1, 1.2, 1, 1.2), nil, false, "chance"},
		"better than both":           {judged(ten(0.8, 1)...), judged(ten(0.9, 1.1)...), true, "of the model that serves"},
		"better than queueing alone": {judged(ten(0.8, 1)...), judged(ten(0.7, 0.9)...), false, "of the model that serves"},
		"silent where it is hard":    {few, nil, false, "forecasts 5 of the 10 needs"},
	} {
		got := Decide(tt.child, tt.parent, hab)
		if got.Publish != tt.publish || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: %+v, want %v … %s", name, got, tt.publish, tt.reason)
		}
	}
}

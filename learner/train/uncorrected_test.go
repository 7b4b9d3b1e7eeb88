package train_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/train"
)

// wave is a season of which half of each forecast is made.
func wave(s *estimator.Window) *season.Season {
	out := &season.Season{Step: s.Step, Origin: s.Start(), Period: 40, Width: 1, Carry: []float64{0.5, 0.4, 0.3}}
	for _, service := range s.Services {
		out.Services = append(out.Services, service.String())
		rates := make([]float64, out.Period)
		for t := range rates {
			rates[t] = 80 + 50*math.Sin(2*math.Pi*float64(t)/float64(out.Period))
		}
		out.Rates = append(out.Rates, rates)
		out.Spread, out.Worth = append(out.Spread, []float64{1, 1, 1}), append(out.Worth, []float64{0.5, 0.5, 0.5})
	}
	return out
}

// TestAModelPlansAsHABOrMore: when nothing is left of the network, be it that
// its shares are 0 or that the load is out of reach, a model plans the very replicas that
// HAB plans with the season of the model; else no fewer of any service.
func TestAModelPlansAsHABOrMore(t *testing.T) {
	o := quick(t)
	s := scaled(300)
	s.Calls = nil
	o.History, o.LeadTime = s, time.Minute
	o.Samples.Target, o.Samples.Features, o.Samples.Horizons, o.Label.SLO = "replicas", nil, nil, train.Duration(100*time.Millisecond)
	_, learned := o.must(t)
	if learned.Scaler.Anchor != "analytic" {
		t.Fatalf("anchor %q", learned.Scaler.Anchor)
	}
	bounds := map[estimator.Service]plan.Bounds{}
	for _, service := range s.Services {
		bounds[service] = plan.Bounds{Min: 1, Max: 100}
	}
	graph := queueing.Graph(s, o.Edges)
	plans := func(e estimator.Estimator, steps int) (all []plan.Decision) {
		c := plan.DefaultConfig()
		c.LeadTime = o.LeadTime
		for t0 := 60; t0 < s.Steps; t0++ {
			w := s.Slice(estimator.Range{From: t0 - steps, To: t0})
			w.Calls = graph
			f, err := e.Estimate(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			p, err := plan.Make(c, f, bounds, plan.Observed{Window: w}, w.End)
			if err != nil {
				t.Fatal(err)
			}
			all = slices.AppendSeq(all, p.Decisions())
		}
		return all
	}
	same := cmp.Options{cmpopts.EquateNaNs(), cmpopts.IgnoreFields(plan.Decision{}, "Err")}
	for name, c := range map[string]struct {
		season *season.Season
		change func(shares, offsets []float64, low, high [][]float64)
		same   bool
	}{
		"no shares":             {nil, func(shares, offsets []float64, _, _ [][]float64) { clear(shares); clear(offsets) }, true},
		"no shares, but season": {wave(s), func(shares, offsets []float64, _, _ [][]float64) { clear(shares); clear(offsets) }, true},
		"out of reach": {wave(s), func(_, _ []float64, low, high [][]float64) {
			for n := range low {
				clear(low[n])
				clear(high[n])
			}
		}, true},
		"as learned": {wave(s), func(_, _ []float64, _, _ [][]float64) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := *learned
			a.Season = c.season
			a.Scaler.Shares, a.Scaler.Offsets = slices.Clone(a.Scaler.Shares), slices.Clone(a.Scaler.Offsets)
			a.Scaler.Low, a.Scaler.High = slices.Clone(a.Scaler.Low), slices.Clone(a.Scaler.High)
			for n := range a.Scaler.Low {
				a.Scaler.Low[n], a.Scaler.High[n] = slices.Clone(a.Scaler.Low[n]), slices.Clone(a.Scaler.High[n])
			}
			c.change(a.Scaler.Shares, a.Scaler.Offsets, a.Scaler.Low, a.Scaler.High)
			e, err := model.NewEstimator(&a)
			if err != nil {
				t.Fatal(err)
			}
			q := *a.Scaler.Analytic
			if c.season != nil {
				q.Season = c.season
			}
			hab, err := queueing.NewHAB(q)
			if err != nil {
				t.Fatal(err)
			}
			mmn, err := queueing.NewMMN(q)
			if err != nil {
				t.Fatal(err)
			}
			least, planned := plans(estimator.First(hab, mmn), a.Scaler.AnalyticWindow), plans(e, e.Steps())
			for i, d := range planned {
				if d.Err == nil && least[i].Err == nil && d.Replicas < least[i].Replicas {
					t.Fatalf("the model plans %d replicas of %v where HAB plans %d", d.Replicas, d.Service, least[i].Replicas)
				}
			}
			diff := cmp.Diff(least, planned, same)
			if (diff == "") != c.same {
				t.Errorf("plans of HAB and of the model are the same: %v, want %v\n%.2000s", diff == "", c.same, diff)
			}
		})
	}
}

package explain

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/explain"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Detail is what the number of one service rests on.
type Detail struct {
	// Inputs are the newest values of every feature.
	Inputs []Input `json:"inputs"`
	// Levels are the quantiles of Horizon's Quantiles; none without a model.
	Levels []float64 `json:"levels,omitempty"`
	// Horizon is the need at the coming steps.
	Horizon []Coming `json:"horizon"`
	// Lead is the lead time: Need is the largest within it.
	Lead Duration `json:"leadTime"`
	// Theory is the need by queueing theory, and Season its part that comes from the
	// season of the load, within the lead time.
	Theory Number `json:"theory"`
	Season Number `json:"season"`
	// Spare is what rounding and bounds add to the need.
	Spare Number `json:"spare"`
	// Neighbours are services that it calls, that call it or that the model relates to
	// it, and the service itself, by the size of their effect. They are given when one
	// service is asked for.
	Neighbours []Neighbour `json:"neighbours,omitempty"`
	// Elsewhere is the number of further neighbours in namespaces that the reader did
	// not ask about.
	Elsewhere int `json:"neighboursElsewhere,omitempty"`
	// Words say the same.
	Words []string `json:"words"`
}

// Input is one feature of a service over the newest steps.
type Input struct {
	Feature string `json:"feature"`
	// Values are in the order of time; the last one ends with the window.
	Values []Number `json:"values"`
	// Usual is the median over the whole window.
	Usual Number `json:"usual"`
}

// Coming is the need at one step to come.
type Coming struct {
	At time.Time `json:"at"`
	// Need is the one that serves, Theory that of queueing theory, and Quantiles are
	// those of the model.
	Need      Number   `json:"need"`
	Theory    Number   `json:"theory"`
	Quantiles []Number `json:"quantiles,omitempty"`
}

// Neighbour is another service, or the service itself, and its effect on the need.
type Neighbour struct {
	Name string `json:"name"`
	// CallsIt and CalledBy are the calls per second from and to the service.
	CallsIt  float64 `json:"callsIt,omitempty"`
	CalledBy float64 `json:"calledBy,omitempty"`
	// Affinity is the larger of the two entries of the learned matrix between them.
	Affinity float64 `json:"affinity,omitempty"`
	// Effect is the need as it is, less what it would be if the neighbour had been as
	// usual during the last lead time, in replicas.
	Effect Number `json:"effect"`
}

const (
	// shown is how many newest values of a feature are shown.
	shown = 24
	// asked is for how many neighbours effects are computed: those of most calls and
	// affinity.
	asked = 6
)

// levels returns the quantiles that are shown besides the one that serves.
func levels() []float64 { return []float64{0.5, 0.8, 0.95} }

// look returns the forecasts of an application from its last window, computed once.
func (r *remembered) look(ctx context.Context) (*explain.Outlook, error) {
	r.once.Do(func() { r.outlook, r.err = r.theCase().Look(context.WithoutCancel(ctx), levels()) })
	return r.outlook, r.err
}

func (r *remembered) theCase() *explain.Case {
	m := r.basis.Model
	c := &explain.Case{
		Window: r.basis.Window, Lead: plan.Steps(m.Plan.LeadTime, r.basis.Window.Step), Quantile: r.basis.Verdict.Quantile,
		Theory: m.Theory, Plain: m.Plain,
	}
	if m.Trained != nil {
		c.Network = m.Trained.Estimator
	}
	return c
}

// detail describes service n of the basis. Effects of neighbours are computed if alone.
func (m *Memory) detail(ctx context.Context, r *remembered, s estimator.Service, alone bool) (*Detail, error) {
	b := r.basis
	n := b.Window.Service(s)
	decision, known := b.Plan.Decision(s)
	if n < 0 || !known {
		return nil, nil
	}
	end, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	o, err := r.look(ctx)
	if err != nil {
		return nil, err
	}
	lead := plan.Steps(b.Model.Plan.LeadTime, b.Window.Step)
	d := &Detail{
		Inputs: inputs(b.Window, n), Levels: o.Levels, Horizon: horizon(b, o, n), Lead: Duration(b.Model.Plan.LeadTime),
		Theory: Number(o.Theory.Highest(n, lead)), Season: 0, Spare: Number(float64(decision.Replicas) - decision.Need),
	}
	if o.Plain != nil {
		d.Season = Number(o.Theory.Highest(n, lead) - o.Plain.Highest(n, lead))
	}
	if alone {
		if d.Neighbours, d.Elsewhere, err = neighbours(ctx, r, n); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func inputs(w *estimator.Window, n int) []Input {
	var all []Input
	for c, f := range w.Features {
		in := Input{Feature: string(f)}
		var known []float64
		for t := range w.Steps {
			v := w.At(n, t, c)
			if t >= w.Steps-shown {
				in.Values = append(in.Values, Number(v))
			}
			if !math.IsNaN(v) {
				known = append(known, v)
			}
		}
		slices.Sort(known)
		in.Usual = Number(math.NaN())
		if len(known) > 0 {
			in.Usual = Number(known[(len(known)-1)/2])
		}
		all = append(all, in)
	}
	return all
}

func horizon(b *tick.Basis, o *explain.Outlook, n int) []Coming {
	at := func(f *estimator.Forecast, h int) Number {
		if f == nil {
			return Number(math.NaN())
		}
		return Number(f.At(n, min(h, f.Horizon-1)))
	}
	all := make([]Coming, b.Forecast.Horizon)
	for h := range all {
		all[h] = Coming{
			At: b.Window.End.Add(time.Duration(h+1) * b.Window.Step), Need: at(b.Forecast, h), Theory: at(o.Theory, h),
		}
		for _, f := range o.Network {
			all[h].Quantiles = append(all[h].Quantiles, at(f, h))
		}
	}
	return all
}

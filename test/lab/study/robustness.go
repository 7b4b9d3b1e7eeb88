package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

type robustnessFlags struct {
	options *training
	other   string
	seeds   int
}

func robustnessCommand() *cobra.Command {
	o := &robustnessFlags{options: comparedOptions(), seeds: 3}
	c := &cobra.Command{
		Use:   "robustness",
		Short: "Print how errors grow outside of what was learned",
		Long: `Robustness trains with every seed, and compares the errors with those of persistence:
in the test part as it is; there, with each feature of each other service than the
predicted one in a random order of time (scrambled), and twice as high (doubled); there,
if the model has a season, with a load that is half a period late by the clock, all the
time or from the middle on; and in another recording of the same services.`,
		Example: `  go run ./test/lab/study robustness --series s.csv --graph calls.csv --target requests
  go run ./test/lab/study robustness --series s.csv --graph calls.csv --target requests --other t.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	trainingFlags(fs, o.options)
	fs.IntVar(&o.seeds, "seeds", o.seeds, "Number of seeds: 1, 2, and so on.")
	fs.StringVar(&o.other, "other", "", "Another recording to predict, .csv or .csv.gz.")
	return c
}

func (o *robustnessFlags) run(c *cobra.Command) error {
	if o.options.Series == "" || o.seeds < 1 {
		return fmt.Errorf("--series is %q and --seeds %d, want a file and at least 1", o.options.Series, o.seeds)
	}
	in := train.Input{Now: time.Now}
	var err error
	if in.History, err = history.ReadFile(o.options.Series); err != nil {
		return err
	}
	if o.options.Graph != "" {
		if in.Edges, err = history.ReadGraphFile(o.options.Graph, in.History.Services); err != nil {
			return err
		}
	}
	var other *estimator.Window
	if o.other != "" {
		if other, err = history.ReadFile(o.other); err != nil {
			return err
		}
	}
	var order []string
	found := map[string][]sample{} // by disturbance and horizon
	for seed := range o.seeds {
		s := o.options.Spec
		s.Learning.Seed = uint64(seed) + 1
		r, err := train.Train(c.Context(), in, s)
		if err != nil {
			return err
		}
		cases, err := disturbances(in.History, other, r.Model.Season, s.Samples.Split, s.Learning.Seed)
		if err != nil {
			return err
		}
		for _, d := range cases {
			ratios, err := d.ratios(c.Context(), r.Model)
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			if found[d.name] == nil {
				order, found[d.name] = append(order, d.name), make([]sample, len(ratios))
			}
			for h, ratio := range ratios {
				found[d.name][h] = append(found[d.name][h], ratio)
			}
		}
		fmt.Fprintf(c.ErrOrStderr(), "seed %d of %d\n", seed+1, o.seeds)
	}
	d := &document{}
	header := []string{"MAE ÷ persistence"}
	for _, h := range o.options.Samples.Horizons {
		header = append(header, strconv.Itoa(h)+" ahead")
	}
	var rows [][]string
	for _, name := range order {
		row := []string{name}
		for _, ratios := range found[name] {
			row = append(row, ratios.spread())
		}
		rows = append(rows, row)
	}
	d.table(header, rows)
	_, err = fmt.Fprint(c.OutOrStdout(), d.String())
	return err
}

// disturbance is what a network predicts from in place of what it is judged by.
type disturbance struct {
	name    string
	truth   *estimator.Window
	split   samples.Split
	part    samples.Part
	disturb func(service int) *estimator.Window
}

func disturbances(w, other *estimator.Window, usual *season.Season, split samples.Split, seed uint64) ([]disturbance, error) {
	from := split.Of(samples.Test, w.Steps).From
	if from >= w.Steps {
		return nil, fmt.Errorf("the split %v has no test part", split)
	}
	all := []disturbance{
		{"as it is", w, split, samples.Test, func(int) *estimator.Window { return w }},
		{"others scrambled", w, split, samples.Test, func(n int) *estimator.Window { return scrambled(w, from, n, seed) }},
		{"others doubled", w, split, samples.Test, func(n int) *estimator.Window { return doubled(w, from, n) }},
	}
	whole := func(name string, w *estimator.Window) {
		all = append(all, disturbance{name, w, samples.Split{Train: 1}, samples.Train, func(int) *estimator.Window { return w }})
	}
	if usual != nil {
		whole("late", postponed(w, from, usual.Period/2))
		whole("late from the middle on", broken(w, from, usual.Period/2))
	}
	if other != nil {
		whole("another recording", other)
	}
	return all, nil
}

// postponed returns a window from a step on, as if it had happened so many steps later.
func postponed(w *estimator.Window, from, steps int) *estimator.Window {
	out := w.Slice(estimator.Range{From: from, To: w.Steps})
	out.End = out.End.Add(time.Duration(steps) * w.Step)
	return out
}

// broken returns a window from a step on, whose second half is what happened so many steps
// before.
func broken(w *estimator.Window, from, steps int) *estimator.Window {
	out := w.Slice(estimator.Range{From: from, To: w.Steps})
	out.Values = slices.Clone(out.Values)
	for t := out.Steps / 2; t < out.Steps; t++ {
		for n := range w.Services {
			copy(out.Row(n, t), w.Row(n, from+t-steps))
		}
	}
	return out
}

// scrambled returns a window where each series of the other services is in a random order
// from a step on.
func scrambled(w *estimator.Window, from, service int, seed uint64) *estimator.Window {
	rng := rand.New(rand.NewPCG(seed, uint64(service)))
	out := *w
	out.Values = slices.Clone(w.Values)
	for n := range w.Services {
		for f := range w.Features {
			if n == service {
				continue
			}
			for t, k := range rng.Perm(w.Steps - from) {
				out.Set(n, from+t, f, w.At(n, from+k, f))
			}
		}
	}
	return &out
}

// doubled returns a window where each series of the other services is twice as high from
// a step on.
func doubled(w *estimator.Window, from, service int) *estimator.Window {
	out := *w
	out.Values = slices.Clone(w.Values)
	for t := from; t < w.Steps; t++ {
		for n := range w.Services {
			for f := range w.Features {
				if n != service {
					out.Set(n, t, f, 2*w.At(n, t, f))
				}
			}
		}
	}
	return &out
}

// ratios returns the mean absolute error at every horizon as a multiple of that of
// persistence on undisturbed telemetry.
func (d *disturbance) ratios(ctx context.Context, a *artifact.Model) ([]float64, error) {
	network, err := baseline.Load(a)
	if err != nil {
		return nil, err
	}
	truth, err := backtest.Samples(ctx, d.truth, a, d.split)
	if err != nil {
		return nil, err
	}
	horizons, levels, size := len(a.Horizons), len(a.Levels()), truth.LabelLen()
	model, naive := make([]float64, horizons), make([]float64, horizons)
	persistence := evaluate.Persistence(truth)
	labels, still := make([]float64, size), make([]float64, size)
	var seen *samples.Set
	var outputs []float32
	for n := range d.truth.Services {
		if w := d.disturb(n); n == 0 || w != d.truth {
			if seen, err = backtest.Samples(ctx, w, a, d.split); err != nil {
				return nil, err
			}
			outputs = make([]float32, seen.Samples(d.part)*size)
			err = em.Predict(ctx, network, a.Affinity, seen.View(d.part, levels), 1, func(_, i int, y, _ []float32, _ []bool) {
				for k := range size {
					at := k * levels
					outputs[i*size+k] = y[at] * float32(a.Scaler.Shares[at%len(a.Scaler.Shares)])
				}
			})
			if err != nil {
				return nil, err
			}
		}
		for i := range truth.Samples(d.part) {
			truth.Labels(d.part, []int{i}, labels)
			persistence(d.part, []int{i}, still)
			for h := range horizons {
				k := n*horizons + h
				if math.IsNaN(labels[k]) {
					continue
				}
				model[h] += math.Abs(labels[k] - seen.Unscale(d.part, i, n, float64(outputs[i*size+k])))
				naive[h] += math.Abs(labels[k] - still[k])
			}
		}
	}
	for h := range model {
		model[h] /= naive[h]
	}
	return model, nil
}

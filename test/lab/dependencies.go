package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/test/lab/dependency"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/learned"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

type dependencies struct {
	app, load string
	mixes     []int
	school    time.Duration
	seed      uint64
	quick     bool
}

func dependenciesCommand() *cobra.Command {
	o := &dependencies{app: "online-boutique", load: "sequence", school: 6 * time.Hour, seed: 1001}
	for k := range workload.Patterns {
		o.mixes = append(o.mixes, k+1)
	}
	c := &cobra.Command{
		Use:   "dependencies",
		Short: "Print how much of the services' relations the learned graph captures (Fig. 11)",
		Long: `Dependencies trains a network under each mix of requests with the defaults of
deepscaler train, once from the invocation graph and once from nothing. For each it prints
the share of the OD (Eq. 15) and CC (Eq. 16) relations that the learned graph has, in
either direction; the share of all pairs that it has, which chance would capture; and its
Jaccard similarity to all of these relations together.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	fs.StringVar(&o.app, "app", o.app, "Application.")
	fs.StringVar(&o.load, "workload", o.load, "Load, without a mix.")
	fs.IntSliceVar(&o.mixes, "mix", o.mixes, "Mixes by number.")
	fs.DurationVar(&o.school, "school", o.school, "Virtual time of the history to learn from.")
	fs.Uint64Var(&o.seed, "seed", o.seed, "Its seed.")
	fs.BoolVar(&o.quick, "quick", false, "Train a small network for one pass: candidates for edges are the same, errors and what learning makes of the edges are not.")
	return c
}

func (o *dependencies) run(c *cobra.Command) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "mix\tfrom\tOD\tCC\tpairs\tJaccard\tedges\tOD relations\tCC relations\tMAE\t")
	for _, mix := range o.mixes {
		lesson, err := o.lesson(c.Context(), mix)
		if err != nil {
			return err
		}
		for _, from := range []struct {
			name  string
			edges []estimator.Edge
		}{{"graph", lesson.Edges}, {"nothing", nil}} {
			s := train.DefaultSpec()
			s.LeadTime, s.Samples.Window = lesson.Config.LeadTime(), lesson.Config.Steps
			s.Label.SLO = train.Duration(lesson.Config.Application.SLO.Latency.D())
			s.Learning.Seed = o.seed
			if o.quick {
				s.Learning.Iterations, s.Learning.Epochs, s.Learning.GraphEpochs = 1, 1, 1
				s.Network.Hidden, s.Network.Blocks = 4, 1
			}
			r, err := train.Train(c.Context(), train.Input{History: lesson.History, Edges: from.edges, Now: time.Now}, s)
			if err != nil {
				return fmt.Errorf("train under mix %d: %w", mix, err)
			}
			c := dependency.Compare(lesson.History, lesson.Edges, r.Model.Affinity)
			fmt.Fprintf(w, "%d\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%d\t%d\t%.4g\t\n", mix, from.name, c.OD.Captured, c.CC.Captured,
				c.Share, c.Both.Jaccard, c.Edges, c.OD.Pairs, c.CC.Pairs, r.Report.Test.Overall.Model.MAE)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// lesson makes history under a mix.
func (o *dependencies) lesson(ctx context.Context, mix int) (*learned.Lesson, error) {
	a, err := app.Load(o.app)
	if err != nil {
		return nil, fmt.Errorf("--app: %w", err)
	}
	name := fmt.Sprintf("%s:mix=%d", o.load, mix)
	g, err := workload.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("--workload: %w", err)
	}
	base, err := need.Base(a)
	if err != nil {
		return nil, err
	}
	c := loop.Defaults(a, nil, o.seed+1)
	s, err := experiment.NewScene(c, name, g, base, workload.Span{Seed: o.seed, Duration: o.school})
	if err != nil {
		return nil, err
	}
	return experiment.Lesson(ctx, &s)
}

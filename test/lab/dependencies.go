package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator/artifact"
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
	// startSpread is how much longer than its start delay a pod may take, as a share of it.
	startSpread float64
}

func dependenciesCommand() *cobra.Command {
	o := &dependencies{app: "online-boutique", load: "sequence:length=3m", school: 2 * time.Hour, seed: 1001, startSpread: 0.5}
	for k := range workload.Patterns {
		o.mixes = append(o.mixes, k+1)
	}
	c := &cobra.Command{
		Use:   "dependencies",
		Short: "Print how much of the services' relations the learned graph captures (Fig. 11)",
		Long: `Dependencies trains a network under each mix of requests with the defaults of
deepscaler train, once from the invocation graph and once from nothing. For each it prints
the share of the OD (Eq. 15) and CC (Eq. 16) relations that the learned graph has, in
either direction; the share of all pairs that it has, which chance would capture; its
Jaccard similarity to all of these relations together; and the relations that it lacks.

From the graph, the defaults do what the evaluation does for Fig. 11.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	fs.StringVar(&o.app, "app", o.app, "Application.")
	fs.StringVar(&o.load, "workload", o.load, "Load, without a mix.")
	fs.IntSliceVar(&o.mixes, "mix", o.mixes, "Mixes by number.")
	fs.DurationVar(&o.school, "school", o.school, "Virtual time of the history to learn from.")
	fs.Uint64Var(&o.seed, "seed", o.seed, "Its seed.")
	fs.Float64Var(&o.startSpread, "start-spread", o.startSpread, "How much longer than its start delay a pod may take to be ready, as a share of it.")
	fs.BoolVar(&o.quick, "quick", false, "Train a small network for one pass: candidates for edges are the same, errors and what learning makes of the edges are not.")
	return c
}

func (o *dependencies) run(c *cobra.Command) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "mix\tfrom\tOD\tCC\tpairs\tJaccard\tedges\tMAE\tOD relations\tmissing\tCC relations\tmissing")
	for _, mix := range o.mixes {
		lesson, err := o.lesson(c.Context(), mix)
		if err != nil {
			return err
		}
		for _, from := range []string{"graph", "nothing"} {
			known := *lesson
			if from == "nothing" {
				known.Edges = nil
			}
			r, err := known.Train(c.Context(), artifact.KindDeepScaler, func(s *train.Spec) {
				if o.quick {
					s.Learning.Iterations, s.Learning.Epochs, s.Learning.GraphEpochs = 1, 1, 1
					s.Network.Hidden, s.Network.Blocks = 4, 1
				}
			})
			if err != nil {
				return fmt.Errorf("under mix %d, from %s: %w", mix, from, err)
			}
			c := dependency.Compare(lesson.History, lesson.Edges, r.Model.Affinity)
			fmt.Fprintf(w, "%d\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%.4g\t%d\t%s\t%d\t%s\n", mix, from, c.OD.Captured, c.CC.Captured,
				c.Share, c.Both.Jaccard, c.Edges, r.Report.Test.Overall.Model.MAE,
				c.OD.Pairs, pairs(c.OD.Missing), c.CC.Pairs, pairs(c.CC.Missing))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// pairs lists pairs of services; a dash is none.
func pairs(missing [][2]string) string {
	if len(missing) == 0 {
		return "-"
	}
	var all []string
	for _, p := range missing {
		all = append(all, p[0]+"–"+p[1])
	}
	return strings.Join(all, ", ")
}

// lesson makes history under a mix.
func (o *dependencies) lesson(ctx context.Context, mix int) (*learned.Lesson, error) {
	a, err := app.Load(o.app)
	if err != nil {
		return nil, fmt.Errorf("--app: %w", err)
	}
	separator := ":"
	if strings.Contains(o.load, separator) {
		separator = ","
	}
	name := fmt.Sprintf("%s%smix=%d", o.load, separator, mix)
	g, err := workload.Parse(name)
	if err != nil {
		return nil, fmt.Errorf("--workload: %w", err)
	}
	base, err := need.Base(a)
	if err != nil {
		return nil, err
	}
	c := loop.Defaults(a, nil, o.seed+1)
	c.StartSpread = o.startSpread
	s, err := experiment.NewScene(c, name, g, base, workload.Span{Seed: o.seed, Duration: o.school})
	if err != nil {
		return nil, err
	}
	return experiment.Lesson(ctx, &s)
}

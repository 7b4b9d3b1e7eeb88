package main

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/test/lab/evaluation"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/report"
)

func evaluateCommand() *cobra.Command {
	o := evaluation.Defaults()
	out, page := "docs/evaluation.md", "dist/evaluation.html"
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "Reproduce the tables and figures of §V of the paper",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.Log = c.ErrOrStderr()
			found, err := evaluation.Run(c.Context(), o)
			if err != nil {
				return err
			}
			all := experiment.Result{Command: found.Command(), Reference: o.Autoscalers[0], Usual: map[string]float64{}}
			for _, r := range found.Comparisons {
				all.Runs = slices.Concat(all.Runs, r.Runs)
				all.Frontiers = slices.Concat(all.Frontiers, r.Frontiers)
				all.Difficulty = slices.Concat(all.Difficulty, r.Difficulty)
				all.Traces = slices.Concat(all.Traces, r.Traces)
				all.Graphs = slices.Concat(all.Graphs, r.Graphs)
			}
			return errors.Join(
				writeFile(out, found.Markdown),
				writeFile(page, func(w io.Writer) error { return report.Write(&all, w) }),
			)
		},
	}
	fs := c.Flags()
	fs.StringSliceVar(&o.Applications, "app", o.Applications, "Applications.")
	fs.StringVar(&o.Workload, "workload", o.Workload, "Load of all comparisons.")
	fs.StringSliceVar(&o.Autoscalers, "autoscaler", o.Autoscalers, "Autoscalers; the others are compared with the first.")
	fs.IntVar(&o.Seeds, "seeds", o.Seeds, "Seeds of every comparison.")
	fs.DurationVar(&o.Duration, "duration", o.Duration, "Virtual time of a run.")
	fs.DurationVar(&o.School, "school", o.School, "Virtual time of the history that networks learn from.")
	fs.IntVar(&o.Patterns, "patterns", o.Patterns, "How many of the nine weightings of Fig. 11 are run.")
	fs.StringVar(&out, "out", out, "File for the page in Markdown.")
	fs.StringVar(&page, "report", page, "File for the page with plots.")
	return c
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/test/lab/evaluation"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/report"
)

func evaluateCommand() *cobra.Command {
	o := evaluation.Defaults()
	out, page, folder := "docs/evaluation.md", "dist/evaluation.html", "dist/evaluation"
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "Reproduce the tables and figures of §V of the paper",
		Long: `Evaluate compares all autoscalers for all applications and writes the tables and
figures of §V of the paper. It keeps every finished run, so that the same command goes on
where it was interrupted, and more seeds take only the time of those that are new. A
changed program computes everything again.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			program, err := evaluation.Program()
			if err != nil {
				return err
			}
			if o.Parts, err = evaluation.OpenParts(folder, program); err != nil {
				return fmt.Errorf("--parts: %w", err)
			}
			o.Meter = experiment.NewMeter(c.ErrOrStderr(), time.Now)
			found, err := evaluation.Run(c.Context(), o)
			if errors.Is(err, context.Canceled) {
				return fmt.Errorf("interrupted, and no page is written; what is finished is in %s, and the same command goes on from there", folder)
			}
			if err != nil {
				return err
			}
			err = errors.Join(
				writeFile(out, found.Markdown),
				writeFile(page, func(w io.Writer) error { return report.Write(found.Comparison, w) }),
			)
			if err == nil {
				fmt.Fprintf(c.ErrOrStderr(), "the tables are in %s, the page with plots is %s\n", out, page)
			}
			return err
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&o.Applications, "app", o.Applications, "Applications.")
	fs.StringArrayVar(&o.Workloads, "workload", o.Workloads, "Loads of the comparisons; once for each.")
	fs.StringSliceVar(&o.Autoscalers, "autoscaler", o.Autoscalers, "Autoscalers; the others are compared with the first.")
	fs.IntVar(&o.Seeds, "seeds", o.Seeds, "Seeds of every comparison; autoscalers are tuned on all but the one that they are judged on.")
	fs.DurationVar(&o.Duration, "duration", o.Duration, "Virtual time of a run.")
	fs.DurationVar(&o.School, "school", o.School, "Virtual time of the history that networks learn from.")
	fs.IntVar(&o.Patterns, "patterns", o.Patterns, "How many of the nine weightings of Fig. 11 are run.")
	fs.StringVar(&folder, "parts", folder, "Folder for finished parts.")
	fs.StringVar(&out, "out", out, "File for the page in Markdown.")
	fs.StringVar(&page, "report", page, "File for the page with plots.")
	return c
}

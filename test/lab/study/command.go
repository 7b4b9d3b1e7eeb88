package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/learner/train/flags"
)

func rootCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "study",
		Short: "Repeat the experiments behind the documentation of learning",
		Long: `Study trains networks over and over and makes tables of how well they do and
what it costs:

  accuracy         the kinds of network beside each other
  hyperparameters  one value at a time
  adaptive         the cost of 1,000 samples of 41 services
  robustness       errors outside of what was learned
  telemetry        what the studies of an application learn from

A study that was interrupted goes on when it is called again with the same flags.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddCommand(accuracyCommand(), hyperparametersCommand(), adaptiveCommand(), robustnessCommand(), telemetryCommand(), runCommand())
	return c
}

// comparedOptions are those of deepscaler train, but for the defaults of the
// studies that compare: what was recorded, 1, 4 and 10 steps ahead.
func comparedOptions() *training {
	o := newTraining()
	o.Label.Kind, o.Samples.Horizons = artifact.LabelObserved, []int{1, 4, 10}
	return o
}

// training is what one run learns from, and how. In JSON it is the input of a run.
type training struct {
	// Series and Graph are files.
	Series, Graph string
	train.Spec
}

// newTraining returns the defaults of deepscaler train.
func newTraining() *training { return &training{Spec: train.DefaultSpec()} }

// settled returns the options with the anchor that follows from them, for features
// that have the target among them and what the label needs.
func (o training) settled() training {
	o.Samples.Anchor = o.Resolve(append(estimator.DefaultFeatures(), o.Samples.Target), time.Second).Samples.Anchor
	return o
}

// trainingFlags adds the flags of deepscaler train, but for those that a study
// sets itself.
func trainingFlags(fs *pflag.FlagSet, o *training, own ...string) {
	o.Learning.Workers = 2
	own = append(own, "seed")
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.StringVar(&o.Series, "series", "", "History to learn from, .csv or .csv.gz.")
	all.StringVar(&o.Graph, "graph", "", "Invocation graph of --series, .csv.")
	flags.Add(&o.Spec, func(string) *pflag.FlagSet { return all })
	all.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(own, f.Name) {
			fs.AddFlag(f)
		}
	})
	all.Lookup("horizon").Usage = "Steps ahead to predict: 3 for the next three, a list such as 1,4,10 for exactly those."
	all.Lookup("label").Usage = "Where the truth comes from: observed (what was recorded) or required (found in hindsight)."
}

// studyFlags are those of every study that makes a table.
type studyFlags struct {
	seeds     int
	out, json string
}

func (s *studyFlags) add(fs *pflag.FlagSet) {
	fs.IntVar(&s.seeds, "seeds", s.seeds, "Number of seeds: 1, 2, and so on.")
	fs.StringVar(&s.out, "out", "", "File for the table, in Markdown. Default standard output.")
	fs.StringVar(&s.json, "json", "", "File for the finished runs, a line of JSON each, from which an interrupted study goes on. Default that of --out, with the ending .json.")
}

func (s *studyFlags) validate() error {
	if s.seeds < 1 {
		return fmt.Errorf("--seeds is %d, want at least 1", s.seeds)
	}
	return nil
}

// check reports options that no training takes, before any work is done.
func check(o training) error {
	if o.Series == "" {
		o.Series, o.Graph = "simulated", "simulated"
	}
	if o.Kind != artifact.KindDeepScaler && o.Graph == "" {
		return fmt.Errorf("--graph is required: %s has no way to learn one", o.Kind)
	}
	return o.Spec.Validate()
}

// study runs jobs and writes what table makes of them.
func (s *studyFlags) study(c *cobra.Command, p *process, jobs []job, table func(results) string) error {
	path := s.json
	if path == "" && s.out != "" {
		path = withEnding(s.out, ".json")
	}
	if path != "" && path == s.out {
		return fmt.Errorf("--out and --json are both %q", path)
	}
	journal, err := openJournal(path)
	if err != nil {
		return err
	}
	defer journal.close()
	w := &study{
		journal: journal, build: p.build, log: c.ErrOrStderr(), now: time.Now, run: p.run,
		finished: func(r results) error {
			if s.out == "" {
				return nil
			}
			return replaceFile(s.out, []byte(table(r)))
		},
	}
	done, err := w.do(c.Context(), jobs)
	if err != nil {
		return err
	}
	if s.out == "" {
		_, err = fmt.Fprint(c.OutOrStdout(), table(done))
	}
	return err
}

// describe describes the figures of a table.
func describe(r *train.Report) string {
	return fmt.Sprintf("%d services, %d steps of %v; %s (%s), anchor %s, scale %s, from a window of %d steps; %d training, %d validation and %d test samples.",
		r.Series.Services, r.Series.Steps, time.Duration(r.Series.Step), r.Target, r.Label.Kind, r.Anchor, r.Scale, r.Window,
		r.Samples.Train, r.Samples.Validation, r.Samples.Test)
}

// errorsOf returns the errors at a horizon, or of all of them when it is 0.
func errorsOf(r *train.Report, horizon int) evaluate.Errors {
	for _, h := range r.Test.Horizons {
		if h.Horizon == horizon {
			return h.Errors
		}
	}
	return r.Test.Overall
}

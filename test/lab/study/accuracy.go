package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/test/lab/learned"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

type accuracyFlags struct {
	studyFlags
	telemetry
	options *training
	name    string
	apps    []string
	kinds   []string
}

func accuracyCommand() *cobra.Command {
	o := &accuracyFlags{
		studyFlags: studyFlags{seeds: 5}, telemetry: defaultTelemetry(), options: comparedOptions(),
		apps: app.Builtin(), kinds: []string{artifact.KindDeepScaler, learned.Identity, learned.Calls, artifact.KindTGCN, artifact.KindDCRNN},
	}
	c := &cobra.Command{
		Use:   "accuracy",
		Short: "Compare the kinds of network",
		Long: `Accuracy trains every kind of network with every seed, and prints the errors in
the test part beside those of persistence and of the seasonal-naive forecast,
with mean, standard deviation and range over the seeds, and what training cost.

All kinds have the same samples, scaling, optimiser and number of passes over
the training part. dcrnn and tgcn have one layer and keep to the call graph, so
that they spend on their parameters what deepscaler spends on its graph.
deepscaler-identity has no edges, and deepscaler-calls keeps to the call graph: they
show what the learned graph is worth.`,
		Example: `  go run ./test/lab/study accuracy --out accuracy.md
  go run ./test/lab/study accuracy --apps bookinfo --seeds 1 --iterations 1 --epochs 1
  go run ./test/lab/study accuracy --series s.csv --graph calls.csv --target requests --out s.md`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	trainingFlags(fs, o.options, "model")
	o.studyFlags.add(fs)
	o.telemetry.add(fs)
	fs.StringSliceVar(&o.apps, "apps", o.apps, "Applications of the testbed, or files that describe some, to learn from in place of --series.")
	fs.StringVar(&o.name, "name", "", "What the tables call --series. Default its file.")
	fs.StringSliceVar(&o.kinds, "kinds", o.kinds, "Kinds of network.")
	fs.Lookup("series").Usage = "History to learn from in place of --apps, .csv or .csv.gz."
	fs.Lookup("graph").Usage = "Call graph of --series, .csv; dcrnn and tgcn cannot do without."
	return c
}

func (o *accuracyFlags) run(c *cobra.Command) error {
	if err := o.validate(c.Flags().Changed("apps")); err != nil {
		return err
	}
	p, err := newProcess()
	if err != nil {
		return err
	}
	sources, err := o.sources(c, p)
	if err != nil {
		return err
	}
	plan := &comparison{sources, o.kinds, o.seeds, *o.options}
	return o.study(c, p, plan.jobs(), plan.table)
}

func (o *accuracyFlags) validate(apps bool) error {
	if o.options.Series != "" && apps {
		return errors.New("--series and --apps exclude each other")
	}
	for _, kind := range o.kinds {
		if all := append(baseline.Kinds(), learned.Variants()...); !slices.Contains(all, kind) {
			return fmt.Errorf("--kinds has %q, want some of %s", kind, strings.Join(all, ", "))
		}
		if err := check(ofKind(*o.options, kind)); err != nil {
			return err
		}
	}
	return errors.Join(o.studyFlags.validate(), o.telemetry.validate())
}

func (o *accuracyFlags) sources(c *cobra.Command, p *process) ([]source, error) {
	if o.options.Series == "" {
		return simulated(c.Context(), p, o.apps, &o.telemetry, c.ErrOrStderr())
	}
	s, err := recorded(o.options, o.name)
	return []source{s}, err
}

// ofKind returns the options of one kind of network, such that all kinds go
// through the training part equally often.
func ofKind(o training, kind string) training {
	learned.Choose(&o.Spec, kind)
	if o.Kind == artifact.KindDeepScaler {
		return o
	}
	o.Network.Blocks = 1
	o.Learning.Epochs = o.Learning.Iterations * (o.Learning.Epochs + o.Learning.GraphEpochs)
	o.Learning.Iterations, o.Learning.GraphEpochs = 1, 0
	return o
}

// comparison is the plan of a study of accuracy.
type comparison struct {
	sources []source
	kinds   []string
	seeds   int
	options training
}

// jobs come seed by seed, so that a study that is cut short has a bit of
// everything.
func (p *comparison) jobs() []job {
	var jobs []job
	for seed := range p.seeds {
		for _, s := range p.sources {
			for _, kind := range p.kinds {
				jobs = append(jobs, newJob(s, kind, ofKind(p.options, kind), uint64(seed)+1))
			}
		}
	}
	return jobs
}

// group returns the reports of all seeds that are there.
func (p *comparison) group(r results, s source, kind string) []*train.Report {
	var jobs []job
	for _, j := range p.jobs() {
		if j.Source == s && j.Label == kind {
			jobs = append(jobs, j)
		}
	}
	return r.of(jobs)
}

// predictor is a row of the tables.
type predictor struct {
	name    string
	reports []*train.Report
	of      func(evaluate.Errors) evaluate.Metrics
}

func (p *comparison) table(r results) string {
	d := &document{}
	for _, s := range p.sources {
		predictors := p.predictors(r, s)
		if len(predictors) == 0 {
			continue
		}
		d.heading(3, s.Name)
		p.errors(d, predictors)
		p.costs(d, predictors)
	}
	if d.Len() > 0 {
		l := p.options.Learning
		d.paragraph("Mean ± standard deviation (range) over up to %d seeds, in the unit of the target. %d passes over the training part.",
			p.seeds, l.Iterations*(l.Epochs+l.GraphEpochs))
	}
	d.origin(r)
	return d.String()
}

// predictors returns what there is to compare; the forecasts that cost nothing
// come last, and do not depend on a seed.
func (p *comparison) predictors(r results, s source) []predictor {
	var all []predictor
	for _, kind := range p.kinds {
		if reports := p.group(r, s, kind); len(reports) > 0 {
			all = append(all, predictor{kind, reports, func(e evaluate.Errors) evaluate.Metrics { return e.Model }})
		}
	}
	if len(all) == 0 {
		return nil
	}
	first := all[0].reports[:1]
	return append(all,
		predictor{"persistence", first, func(e evaluate.Errors) evaluate.Metrics { return e.Persistence }},
		predictor{fmt.Sprintf("seasonal (%d steps)", first[0].Test.Season), first, func(e evaluate.Errors) evaluate.Metrics { return e.Seasonal }})
}

// overall stands for all horizons together.
const overall = 0

func (p *comparison) errors(d *document, predictors []predictor) {
	d.paragraph("%s", describe(predictors[0].reports[0]))
	var rows [][]string
	for _, horizon := range append(slices.Clone(predictors[0].reports[0].Horizons), overall) {
		ahead := strconv.Itoa(horizon)
		if horizon == overall {
			ahead = "all"
		}
		for _, q := range predictors {
			figure := func(of func(evaluate.Metrics) float64) sample {
				return collect(q.reports, func(r *train.Report) float64 { return of(q.of(errorsOf(r, horizon))) })
			}
			mae := figure(func(m evaluate.Metrics) float64 { return m.MAE })
			ratio := collect(q.reports, func(r *train.Report) float64 {
				e := errorsOf(r, horizon)
				return q.of(e).MAE / e.Persistence.MAE
			})
			rows = append(rows, []string{
				ahead, q.name, mae.spread(), ratio.single(),
				figure(func(m evaluate.Metrics) float64 { return m.RMSE }).spread(),
				figure(func(m evaluate.Metrics) float64 { return m.MAPE }).spread(),
			})
		}
	}
	d.table([]string{"Steps ahead", "Predictor", "MAE", "MAE ÷ persistence", "RMSE", "MAPE %"}, rows)
}

func (p *comparison) costs(d *document, predictors []predictor) {
	var rows [][]string
	for _, q := range predictors[:len(predictors)-2] {
		figure := func(of func(r *train.Report) float64) sample { return collect(q.reports, of) }
		rows = append(rows, []string{
			q.name, strconv.Itoa(len(q.reports)),
			strconv.Itoa(q.reports[0].Parameters), strconv.Itoa(q.reports[0].Network.Hidden), strconv.Itoa(q.reports[0].Network.Blocks),
			figure(func(r *train.Report) float64 { return r.Validation }).spread(),
			figure(func(r *train.Report) float64 { return r.CoreSeconds }).spread(),
			figure(func(r *train.Report) float64 { return float64(r.PeakBytes) / (1 << 20) }).spread(),
		})
	}
	d.table([]string{"Network", "Runs", "Parameters", "Hidden", "Blocks", "Validation loss", "Core-seconds", "Peak MiB"}, rows)
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/train"
)

// hyperparameter is what is varied while all else is as in the base.
type hyperparameter struct {
	name   string
	values []value
}

// value is one that a hyperparameter takes.
type value struct {
	name    string
	options training
}

// vary returns the hyperparameter that field points to with the given values and that
// of the base.
func vary[T cmp.Ordered](name string, base training, field func(*training) *T, values ...T) hyperparameter {
	return varyBy(name, base, func(o *training) T { return *field(o) }, func(o *training, v T) { *field(o) = v }, values...)
}

// varyBy is vary for what is more than one field.
func varyBy[T cmp.Ordered](name string, base training, get func(*training) T, set func(*training, T), values ...T) hyperparameter {
	now := get(&base)
	values = append(slices.Clone(values), now)
	slices.Sort(values)
	h := hyperparameter{name: name}
	for _, v := range slices.Compact(values) {
		o, text := base, fmt.Sprint(v)
		if v == now {
			text += " (default)"
		} else {
			set(&o, v)
		}
		h.values = append(h.values, value{text, o})
	}
	return h
}

// hyperparameters returns all of them.
func hyperparameters(base training) []hyperparameter {
	type options = training
	return []hyperparameter{
		vary("hidden", base, func(o *options) *int { return &o.Network.Hidden }, 16, 32, 64),
		vary("kernel", base, func(o *options) *int { return &o.Network.Kernel }, 1, 3, 5),
		vary("blocks", base, func(o *options) *int { return &o.Network.Blocks }, 1, 2, 3),
		vary("window", base, func(o *options) *int { return &o.Samples.Window }, 6, 12, 24),
		vary("batch", base, func(o *options) *int { return &o.Learning.Batch }, 16, 32, 64),
		vary("learning-rate", base, func(o *options) *float64 { return &o.Learning.Rate }, 5e-4, 1e-3, 2e-3, 4e-3),
		vary("weight-decay", base, func(o *options) *float64 { return &o.Learning.Decay }, 0, 0.3),
		vary("clip", base, func(o *options) *float64 { return &o.Learning.Clip }, 1, 25),
		vary("epochs", base, func(o *options) *int { return &o.Learning.Epochs }, 3, 12),
		varyBy("iterations", base, func(o *options) int { return o.Learning.Iterations }, setIterations, 1, 3, 5),
		vary("graph-epochs", base, func(o *options) *int { return &o.Learning.GraphEpochs }, 0, 1, 2, 4),
		vary("graph-learning-rate", base, func(o *options) *float64 { return &o.Learning.GraphRate }, 3e-3, 3e-2),
		vary("embedding", base, func(o *options) *int { return &o.Learning.Embedding }, 8, 32),
		vary("new-edges", base, func(o *options) *float64 { return &o.Learning.NewEdges }, 0.05, 0.2),
		vary("sharpness", base, func(o *options) *float64 { return &o.Learning.Sharpness }, 30, 300),
		vary("anchor", base, func(o *options) *string { return (*string)(&o.Samples.Anchor) }, anchors(base)...),
		varyBy("jitter", base, jitter, func(o *options, v float64) { o.Learning.Jitter = v }, jitters(base)...),
		vary("scale", base, func(o *options) *string { return (*string)(&o.Samples.Scale) }, string(features.ScalePerService), string(features.ScaleGlobal)),
		vary("threshold", base, func(o *options) *float64 { return &o.Learning.Threshold }, 0.25, 0.5, 0.75),
		vary("graphs", base, func(o *options) *int { return &o.Learning.Graphs }, 2, 4, 8),
	}
}

// anchors returns those that go with the label.
func anchors(o training) []string {
	o.Samples.Anchor = ""
	return []string{string(features.AnchorLevel), string(o.settled().Samples.Anchor)}
}

// jitter returns what training makes of a negative one.
func jitter(o *training) float64 {
	if o.Learning.Jitter < 0 {
		return jitters(*o)[0]
	}
	return o.Learning.Jitter
}

// jitters returns those that go with the anchor, the default first.
func jitters(o training) []float64 {
	if o.Samples.Anchor == features.AnchorLevel {
		return []float64{0}
	}
	return []float64{train.DefaultJitter, 0, 0.1, 0.6}
}

// setIterations divides the epochs of the network among n iterations.
func setIterations(o *training, iterations int) {
	epochs := o.Learning.Iterations * o.Learning.Epochs
	o.Learning.Iterations = iterations
	o.Learning.Epochs = max(1, int(math.Round(float64(epochs)/float64(iterations))))
}

type hyperparameterFlags struct {
	studyFlags
	telemetry
	options *training
	name    string
	app     string
	only    []string
}

func hyperparametersCommand() *cobra.Command {
	o := &hyperparameterFlags{
		studyFlags: studyFlags{seeds: 3}, telemetry: defaultTelemetry(), options: comparedOptions(), app: "online-boutique",
	}
	c := &cobra.Command{
		Use:   "hyperparameters",
		Short: "Vary one hyperparameter at a time",
		Long: `Hyperparameters trains networks that differ from the default, or from what the
flags choose, in one value, and prints the validation loss, the errors in the test
part beside those of the default, and what training cost.

The loss is in standard deviations of the labels: with another anchor or scale it
is another loss. Other iterations divide the same number of epochs.`,
		Example: `  go run ./test/lab/study hyperparameters --out hyperparameters.md
  go run ./test/lab/study hyperparameters --series s.csv --graph calls.csv --target requests --only hidden,batch`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	trainingFlags(fs, o.options)
	o.studyFlags.add(fs)
	o.telemetry.add(fs)
	fs.StringVar(&o.app, "app", o.app, "Application of the testbed, or a file that describes one, to learn from in place of --series.")
	fs.StringVar(&o.name, "name", "", "What the tables call --series. Default its file.")
	fs.StringSliceVar(&o.only, "only", nil, "Hyperparameters to vary. Default all.")
	return c
}

func (o *hyperparameterFlags) run(c *cobra.Command) error {
	if o.options.Series != "" && c.Flags().Changed("app") {
		return errors.New("--series and --app exclude each other")
	}
	if err := errors.Join(o.studyFlags.validate(), o.telemetry.validate()); err != nil {
		return err
	}
	base := o.options.settled()
	groups, err := chosen(hyperparameters(base), o.only)
	if err != nil {
		return err
	}
	for _, g := range groups {
		for _, v := range g.values {
			if err := check(v.options); err != nil {
				return fmt.Errorf("%s %s: %w", g.name, v.name, err)
			}
		}
	}
	p, err := newProcess()
	if err != nil {
		return err
	}
	s, err := o.source(c, p)
	if err != nil {
		return err
	}
	plan := &variation{s, groups, o.seeds, base}
	return o.study(c, p, plan.jobs(), plan.table)
}

func (o *hyperparameterFlags) source(c *cobra.Command, p *process) (source, error) {
	if o.options.Series != "" {
		return recorded(o.options, o.name)
	}
	return o.telemetry.source(c.Context(), p, o.app, c.ErrOrStderr())
}

// chosen returns the hyperparameters of these names; all of them without any.
func chosen(all []hyperparameter, names []string) ([]hyperparameter, error) {
	if len(names) == 0 {
		return all, nil
	}
	var some []hyperparameter
	for _, name := range names {
		i := slices.IndexFunc(all, func(h hyperparameter) bool { return h.name == name })
		if i < 0 {
			var known []string
			for _, h := range all {
				known = append(known, h.name)
			}
			return nil, fmt.Errorf("--only has %q, want some of %s", name, strings.Join(known, ", "))
		}
		some = append(some, all[i])
	}
	return some, nil
}

// variation is the plan of a study of hyperparameters.
type variation struct {
	source source
	groups []hyperparameter
	seeds  int
	base   training
}

func (p *variation) jobs() []job {
	var jobs []job
	for seed := range p.seeds {
		for _, g := range p.groups {
			for _, v := range g.values {
				jobs = append(jobs, newJob(p.source, g.name+" "+v.name, v.options, uint64(seed)+1))
			}
		}
	}
	return jobs
}

// reports returns those of all seeds that are there.
func (p *variation) reports(r results, o training) []*train.Report {
	var jobs []job
	for seed := range p.seeds {
		jobs = append(jobs, newJob(p.source, "", o, uint64(seed)+1))
	}
	return r.of(jobs)
}

func (p *variation) table(r results) string {
	d := &document{}
	byDefault := p.reports(r, p.base)
	mae := func(t *train.Report) float64 { return t.Test.Overall.Model.MAE }
	standard := collect(byDefault, mae).mean() // NaN as long as there is none
	for _, g := range p.groups {
		var rows [][]string
		for _, v := range g.values {
			reports := p.reports(r, v.options)
			if len(reports) == 0 {
				continue
			}
			rows = append(rows, []string{
				v.name, strconv.Itoa(len(reports)), strconv.Itoa(reports[0].Parameters),
				collect(reports, func(t *train.Report) float64 { return t.Validation }).short(),
				collect(reports, func(t *train.Report) float64 { return mae(t) / standard }).short(),
				collect(reports, func(t *train.Report) float64 { return t.CoreSeconds }).short(),
			})
		}
		if len(rows) == 0 {
			continue
		}
		d.heading(3, g.name)
		d.table([]string{"Value", "Runs", "Parameters", "Validation loss", "Test MAE ÷ that of the default", "Core-seconds"}, rows)
	}
	if len(byDefault) > 0 {
		first := byDefault[0]
		d.paragraph("%s: %s Mean ± standard deviation over up to %d seeds. The default has a test MAE of %s, persistence one of %s.",
			p.source.Name, describe(first), p.seeds, collect(byDefault, mae).short(), sample{first.Test.Overall.Persistence.MAE}.single())
	}
	d.origin(r)
	return d.String()
}

package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Run learns a model and writes it with its report. When it fails or ctx ends
// before the model is complete, the file that was there is as it was.
func (c *Config) Run(ctx context.Context) error {
	p := &progress{terminal: c.terminal}
	defer p.end()
	m, err := c.model()
	if err != nil {
		return err
	}
	r, result, err := c.learn(ctx, m, p)
	if err == nil && r.Samples.Test > 0 {
		learned := evaluate.Model{Network: m, Affinity: result.Affinity, Shares: result.Shares, Data: c.data}
		r.Test, err = evaluate.Compare(ctx, c.data, samples.Test, learned, c.learning.Workers)
	}
	if err != nil {
		return c.stopped(ctx, p, err)
	}
	file, err := c.artifact(m, result, r)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return c.stopped(ctx, p, err)
	}
	if err := artifact.WriteFile(c.out, file); err != nil {
		return err
	}
	if err := c.summarise(p, r); err != nil {
		return err
	}
	text, err := r.indented()
	if err != nil {
		return err
	}
	if c.report == "" {
		_, err = c.terminal.Result.Write(text)
	} else {
		err = os.WriteFile(c.report, text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("the model is complete in %s, but its report cannot be written: %w", c.out, err)
	}
	return nil
}

// stopped says what became of the file after err.
func (c *Config) stopped(ctx context.Context, p *progress, err error) error {
	p.end()
	state := "nothing was written"
	if _, statErr := os.Stat(c.out); statErr == nil {
		state = c.out + " is as it was"
	}
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d of %d epochs, %s: %w", p.done, max(p.total, c.epochs()), state, context.Cause(ctx))
	}
	return fmt.Errorf("train: %w; %s", err, state)
}

// epochs returns how many epochs there will be.
func (c *Config) epochs() int {
	return c.learning.Iterations * (c.learning.Epochs + c.learning.GraphEpochs)
}

// initialStream is the stream of the seed that parameters are drawn from.
const initialStream = 0x74726169

// model returns the network that learning starts from.
func (c *Config) model() (gnn.Model[float32], error) {
	if c.parent != nil {
		return baseline.Load(c.parent)
	}
	architecture, err := baseline.Of(c.kind)
	if err != nil {
		return nil, err
	}
	return architecture.New(c.shape, rand.New(rand.NewPCG(c.learning.Seed, initialStream)))
}

// learn trains the network in place.
func (c *Config) learn(ctx context.Context, m gnn.Model[float32], p *progress) (*Report, *em.Result, error) {
	parameters := 0
	for _, q := range m.Parameters() {
		parameters += len(q.Data)
	}
	r := c.begin(parameters)
	var err error
	if r.Learning, err = settings(c.learning); err != nil {
		return nil, nil, err
	}
	// What the file cannot hold is better known before all the work.
	empty := make([]float32, c.shape.Services*c.shape.Services)
	draft, err := c.artifact(m, &em.Result{Affinity: empty}, r)
	if err == nil {
		err = draft.Validate()
	}
	if err != nil {
		return nil, nil, err
	}
	c.introduce(p, r)
	graphs := c.graphs()
	cpu, _, usageErr := usage()
	p.began = c.terminal.Now()
	result, err := em.Learn(ctx, m, em.Problem{
		Training:   c.data.View(samples.Train),
		Validation: c.data.View(samples.Validation),
		Graphs:     graphs,
		Weights:    c.data.Weights(),
	}, c.learning, p.epoch)
	if err != nil {
		return nil, nil, err
	}
	p.end()
	r.Seconds = c.terminal.Now().Sub(p.began).Seconds()
	if after, resident, err := usage(); err == nil && usageErr == nil {
		r.CoreSeconds, r.PeakBytes = (after - cpu).Seconds(), resident
	}
	for _, e := range result.History {
		r.History = append(r.History, newEpoch(e))
	}
	r.Validation = result.Validation
	for i, v := range result.Affinity {
		if n := c.shape.Services; i/n != i%n && v > 0 {
			r.Edges++
		}
	}
	return r, result, nil
}

// introduce says what is going to be learned, and from what.
func (c *Config) introduce(p *progress, r *Report) {
	p.say("%d steps of %v of %d services; %d training, %d validation and %d test samples of %s (%s)",
		r.Series.Steps, c.data.Series().Step, r.Series.Services, r.Samples.Train, r.Samples.Validation, r.Samples.Test, r.Target, r.Label.Kind)
	start := "from scratch"
	if c.parent != nil {
		start = fmt.Sprintf("from model %.12s", r.Parent)
	}
	p.say("%s network of %d parameters, %s", r.Kind, r.Parameters, start)
	switch {
	case c.edges != nil:
		p.say("invocation graph of %d edges", len(c.edges))
	case c.parent != nil:
		p.say("no --graph: goes on with the graph of the model")
	default:
		p.say("no --graph: starts from the identity, a graph in which no service knows of another")
	}
}

// artifact returns the model as the file has it.
func (c *Config) artifact(m gnn.Model[float32], result *em.Result, r *Report) (*artifact.Model, error) {
	report, err := r.embedded()
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	o, s := c.data.Options(), c.data.Series()
	return &artifact.Model{
		Kind:     c.kind,
		Services: estimator.ServiceNames(s.Services),
		Features: estimator.FeatureNames(o.Features),
		Target:   string(o.Target),
		Label:    c.label.Kind,
		Window:   o.Window,
		Horizons: o.Horizons,
		Step:     s.Step,
		Hyperparameters: artifact.Hyperparameters{
			Hidden: r.Network.Hidden, Kernel: r.Network.Kernel, Blocks: r.Network.Blocks, Quantile: c.learning.Quantile,
		},
		Scaler:   c.scaler(result.Shares),
		Affinity: result.Affinity,
		Graphs:   c.stored(result.Graphs),
		Report:   report,
		Parent:   r.Parent,
		Created:  c.terminal.Now().UTC(),
		Tensors:  model.Tensors(m),
	}, nil
}

// scaler returns that of the samples in the form of the model file.
func (c *Config) scaler(shares []float64) artifact.Scaler {
	inputs, labels := c.data.InputScaler(), c.data.LabelScaler()
	s := artifact.Scaler{TargetMean: slices.Clone(labels.Mean), TargetStd: slices.Clone(labels.Std), Shares: shares}
	for n := range inputs.Services {
		from, to := n*inputs.Features, (n+1)*inputs.Features
		s.Mean = append(s.Mean, slices.Clone(inputs.Mean[from:to]))
		s.Std = append(s.Std, slices.Clone(inputs.Std[from:to]))
	}
	if o := c.data.Options(); o.Anchor != features.AnchorLevel {
		s.Anchor, s.Sizings = string(o.Anchor), o.Sizings
	}
	return s
}

// summarise tells how well the model does.
func (c *Config) summarise(p *progress, r *Report) error {
	p.say("wrote %s: validation loss %.4f, %d edges, %.1f s on the clock, %.1f core-seconds, %d MiB at most",
		c.out, r.Validation, r.Edges, r.Seconds, r.CoreSeconds, r.PeakBytes>>20)
	if r.Test == nil {
		return nil
	}
	var table strings.Builder
	if err := r.Test.WriteTable(&table, false); err != nil {
		return err
	}
	p.say("\n%s in the %d samples of the test part:\n\n%s", r.Target, r.Samples.Test, table.String())
	return nil
}

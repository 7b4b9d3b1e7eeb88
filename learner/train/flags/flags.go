// Package flags binds the specification of a training to the command line, for
// the commands that train.
package flags

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Add adds the flags of s to the flag sets of their groups. The values of s are
// the defaults.
func Add(s *train.Spec, group func(name string) *pflag.FlagSet) {
	samples(s, group("Sample"))
	network(s, group("Network"))
	learning(s, group("Learning"))
	graph(s, group("Graph learning"))
}

// Apply sets the fields of s whose flags were given in fs, and keeps the others.
func Apply(s *train.Spec, fs *pflag.FlagSet) error {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	Add(s, func(string) *pflag.FlagSet { return own })
	var err error
	fs.Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) != nil && err == nil {
			err = own.Set(f.Name, f.Value.String())
		}
	})
	return err
}

func samples(s *train.Spec, fs *pflag.FlagSet) {
	o := &s.Samples
	fs.Var((*features)(&o.Features), "features", "Features that the network sees, comma-separated. Default all features of the series.")
	fs.StringVar((*string)(&o.Target), "target", string(o.Target), "What to predict, in its own unit.")
	fs.StringVar(&s.Label.Kind, "label", s.Label.Kind,
		"Source of the truth: required (the replicas that would have been enough, found in hindsight from replicas, cpu, requests and latency) or observed (the recorded value of the target). Default required if the target is replicas, else observed.")
	fs.DurationVar((*time.Duration)(&s.Label.SLO), "slo", time.Duration(s.Label.SLO), "Response time that the application promises, for the label required. Without it, replicas are counted for the middle of the utilisations that may be planned.")
	fs.Float64Var(&s.Label.SLOPercentile, "slo-percentile", s.Label.SLOPercentile, "Which percentile --slo bounds, 0.95 for p95; 0, the default, is the mean.")
	fs.IntVar(&o.Window, "window", o.Window, "Steps that the network looks back.")
	fs.DurationVar(&s.LeadTime, "lead-time", s.LeadTime, "Time from a forecast until the requested pods are ready. Without --horizon, the steps to predict cover it.")
	fs.Var((*horizons)(&o.Horizons), "horizon", "Steps ahead to predict: 3 for the next three, steps 1, 2 and 3; a list such as 1,4,10 for exactly those. Default as many as cover --lead-time.")
	fs.StringVar((*string)(&o.Anchor), "anchor", string(o.Anchor),
		"What outputs are measured from: auto (analytic for the label required where the features allow it, else what short trainings decide on the validation part), level (the mean of the training part), change (the last value of the target, which --features must have; for the label observed), demand (the replicas that the last demand asks for, by replicas and cpu, which --features must have) or analytic (what queueing theory forecasts within the lead time); the last two are for the label required.")
	fs.StringVar((*string)(&o.Scale), "scale", string(o.Scale), "Whether mean and standard deviation are per service, or global, over all services. Training always fits a new scaler.")
	fs.TextVar(&o.Split, "split", o.Split, "Division of the series in time into training, validation and test.")
}

func network(s *train.Spec, fs *pflag.FlagSet) {
	c := &s.Network
	fs.StringVar(&s.Kind, "model", s.Kind, fmt.Sprintf("Kind of network: %s. The last two are for comparison, and keep --graph as it is.", strings.Join(baseline.Kinds(), ", ")))
	fs.IntVar(&c.Hidden, "hidden", c.Hidden, "Channels inside the network, even.")
	fs.IntVar(&c.Kernel, "kernel", c.Kernel, "Steps that a temporal convolution covers, odd; dcrnn and tgcn have none.")
	fs.IntVar(&c.Blocks, "blocks", c.Blocks, "Spatio-temporal blocks, or recurrent layers.")
}

func learning(s *train.Spec, fs *pflag.FlagSet) {
	c := &s.Learning
	fs.Var((*quantiles)(&c.Quantiles), "quantile", "Quantiles to predict, ascending and comma-separated: a higher one has fewer shortages and costs more. Default 0.5,0.8,0.95 where the network sees analytic, else 0.5.")
	fs.IntVar(&c.Iterations, "iterations", c.Iterations, "How often to train the network and then the graph.")
	fs.IntVar(&c.Epochs, "epochs", c.Epochs, "Passes over the training part for the network, in every iteration.")
	fs.IntVar(&c.Batch, "batch", c.Batch, "Samples in one step of learning.")
	fs.Float64Var(&c.Rate, "learning-rate", c.Rate, "Learning rate of the network at the start.")
	fs.Float64Var(&c.Jitter, "jitter", c.Jitter, fmt.Sprintf("Standard deviation of a random shift of every series of a sample in training, so that the network learns shapes and not levels; for --anchor change and demand. -1 stands for %v there, and for 0 with level.", train.DefaultJitter))
	fs.Float64Var(&c.Disturb, "disturb", c.Disturb, "Share of the samples in which training makes nonsense of what some services show, so that the others are predicted as well as by themselves when their neighbours are out of the ordinary; 0 is none.")
	fs.Float64Var(&c.Decay, "weight-decay", c.Decay, "Decoupled weight decay of the network.")
	fs.Float64Var(&c.Clip, "clip", c.Clip, "Largest norm of a gradient.")
	fs.IntVar(&c.Patience, "patience", c.Patience, "Epochs without a better validation loss before an iteration continues with the graph; 0, the default, is never.")
	fs.Uint64Var(&c.Seed, "seed", c.Seed, "Seed of all random numbers. The same seed and files give the same model.")
	fs.IntVar(&c.Workers, "workers", c.Workers, "Number of threads; 0 is one per processor.")
}

func graph(s *train.Spec, fs *pflag.FlagSet) {
	c := &s.Learning
	fs.IntVar(&c.GraphEpochs, "graph-epochs", c.GraphEpochs, "Passes over the training part for the graph, in every iteration; 0 keeps the graph. dcrnn and tgcn always keep it.")
	fs.Float64Var(&c.GraphRate, "graph-learning-rate", c.GraphRate, "Learning rate of the graph at the start.")
	fs.IntVar(&c.Graphs, "graphs", c.Graphs, "Largest number of graphs to keep and weigh against each other.")
	fs.IntVar(&c.Embedding, "embedding", c.Embedding, "Size of the embedding of each service in graph learning.")
	fs.Float64Var(&c.Threshold, "threshold", c.Threshold, "Weight up to which an edge is dropped, relative to that of a graph in which all edges are equal.")
	fs.Float64Var(&c.NewEdges, "new-edges", c.NewEdges, "Share of all pairs of services that may become edges in one iteration.")
	fs.Float64Var(&c.Sharpness, "sharpness", c.Sharpness, "How strongly better predictions raise the weight of a graph.")
}

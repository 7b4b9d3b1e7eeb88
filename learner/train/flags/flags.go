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

// Apply sets the flags of s that were given in fs, and leaves the rest of s.
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
	fs.Var((*features)(&o.Features), "features", "Features that the network sees, comma-separated. Default all of the series.")
	fs.StringVar((*string)(&o.Target), "target", string(o.Target), "What to predict, in its own unit.")
	fs.StringVar(&s.Label.Kind, "label", s.Label.Kind,
		"Where the truth comes from: required (the replicas that would have been enough, found in hindsight from replicas, cpu, requests and latency) or observed (the value of the target that was recorded). Default required when the target is replicas, else observed.")
	fs.DurationVar((*time.Duration)(&s.Label.SLO), "slo", time.Duration(s.Label.SLO), "Response time that the application promises, for the label required. Without one, every service may take three times its unloaded latency.")
	fs.Float64Var(&s.Label.SLOPercentile, "slo-percentile", s.Label.SLOPercentile, "Which percentile --slo bounds, 0.95 for p95; 0 is the mean.")
	fs.IntVar(&o.Window, "window", o.Window, "Steps that the network looks back.")
	fs.DurationVar(&s.LeadTime, "lead-time", s.LeadTime, "Time from a forecast until the pods that it asks for are ready. Without --horizon, the steps to predict cover it.")
	fs.Var((*horizons)(&o.Horizons), "horizon", "Steps ahead to predict: 3 for the next three, steps 1, 2 and 3; a list such as 1,4,10 for exactly those. Default as many as cover --lead-time.")
	fs.StringVar((*string)(&o.Anchor), "anchor", string(o.Anchor),
		"What outputs are measured from: level (the mean of the training part), change (the last value of the target, which --features must have; for the label observed) or demand (the replicas that the last demand asks for, by replicas and cpu, which --features must have; for the label required). Default change or demand where they can be, else level.")
	fs.StringVar((*string)(&o.Scale), "scale", string(o.Scale), "Whether mean and standard deviation are taken per service, or global, over all services. A new scaler is fitted in any case.")
	fs.TextVar(&o.Split, "split", o.Split, "How the time of the series is divided into training, validation and test, in this order.")
}

func network(s *train.Spec, fs *pflag.FlagSet) {
	c := &s.Network
	fs.StringVar(&s.Kind, "model", s.Kind, fmt.Sprintf("Kind of network: %s. The last two are for comparison, and keep to --graph.", strings.Join(baseline.Kinds(), ", ")))
	fs.IntVar(&c.Hidden, "hidden", c.Hidden, "Channels inside the network, even.")
	fs.IntVar(&c.Kernel, "kernel", c.Kernel, "Steps that a temporal convolution covers, odd; dcrnn and tgcn have none.")
	fs.IntVar(&c.Blocks, "blocks", c.Blocks, "Spatio-temporal blocks, or recurrent layers.")
}

func learning(s *train.Spec, fs *pflag.FlagSet) {
	c := &s.Learning
	fs.Float64Var(&c.Quantile, "quantile", c.Quantile, "Quantile to predict: a higher one has fewer shortages and costs more.")
	fs.IntVar(&c.Iterations, "iterations", c.Iterations, "How often to train the network and then the graph.")
	fs.IntVar(&c.Epochs, "epochs", c.Epochs, "Passes over the training part for the network, in every iteration.")
	fs.IntVar(&c.Batch, "batch", c.Batch, "Samples in one step of learning.")
	fs.Float64Var(&c.Rate, "learning-rate", c.Rate, "Learning rate of the network at the start.")
	fs.Float64Var(&c.Jitter, "jitter", c.Jitter, fmt.Sprintf("Standard deviations by which every series of a sample is shifted in training, so that shapes are learned and not levels; for --anchor change and demand. -1 is %v there, and else 0.", train.DefaultJitter))
	fs.Float64Var(&c.Decay, "weight-decay", c.Decay, "Decoupled weight decay of the network.")
	fs.Float64Var(&c.Clip, "clip", c.Clip, "Largest norm of a gradient.")
	fs.IntVar(&c.Patience, "patience", c.Patience, "Epochs without a better validation loss after which an iteration goes on to the graph; 0 is never.")
	fs.Uint64Var(&c.Seed, "seed", c.Seed, "Seed of everything that is drawn. The same seed, files and number of workers make the same model.")
	fs.IntVar(&c.Workers, "workers", c.Workers, "Number of threads; 0 is one per processor.")
}

func graph(s *train.Spec, fs *pflag.FlagSet) {
	c := &s.Learning
	fs.IntVar(&c.GraphEpochs, "graph-epochs", c.GraphEpochs, "Passes over the training part for the graph, in every iteration; 0 keeps the graph as it is, and so do dcrnn and tgcn.")
	fs.Float64Var(&c.GraphRate, "graph-learning-rate", c.GraphRate, "Learning rate of the graph at the start.")
	fs.IntVar(&c.Graphs, "graphs", c.Graphs, "Most graphs to keep and weigh against each other.")
	fs.IntVar(&c.Embedding, "embedding", c.Embedding, "Numbers that tell one service from another in learning a graph.")
	fs.Float64Var(&c.Threshold, "threshold", c.Threshold, "Weight up to which an edge is left out, relative to that of a graph in which all edges are alike.")
	fs.Float64Var(&c.NewEdges, "new-edges", c.NewEdges, "Share of all pairs of services that may become edges in one iteration.")
	fs.Float64Var(&c.Sharpness, "sharpness", c.Sharpness, "How much more a graph counts that predicts better.")
}

package train

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/learner/baseline"
)

// Flags adds the flags to the flag sets of their groups.
func (o *Options) Flags(group func(name string) *pflag.FlagSet) {
	o.fileFlags(group("File"))
	o.sampleFlags(group("Sample"))
	o.networkFlags(group("Network"))
	o.policyFlags(group("Learning"))
	o.graphFlags(group("Graph learning"))
}

func (o *Options) fileFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Series, "series", o.Series, "History, .csv or .csv.gz, as deepscaler record writes it (required).")
	fs.StringVar(&o.Graph, "graph", o.Graph,
		"Invocation graph, .csv, as deepscaler record --graph-out writes it. Without one, deepscaler starts from a graph in which nobody knows of another, and finds the edges by itself; dcrnn and tgcn cannot do without.")
	fs.StringVar(&o.From, "from", o.From,
		"Model to train further. Services may have joined or left; what it knows of those that stay is kept, and so is its graph. Features, window, horizons, target, label, anchor and the sizes of the network are its own.")
	fs.StringVar(&o.Out, "out", o.Out, "File for the model (required). An existing one is replaced at the very end, at once.")
	fs.StringVar(&o.Report, "report", o.Report, "File for the report in JSON. Default standard output. The model file has it, too.")
}

func (o *Options) sampleFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&o.Features, "features", o.Features, "Features that the network sees, comma-separated. Default all of the series.")
	fs.StringVar(&o.Target, "target", o.Target, "What to predict, in its own unit. Default replicas.")
	fs.StringVar(&o.Label, "label", o.Label,
		"Where the truth comes from: required (the replicas that would have been enough, found in hindsight from replicas, cpu, requests and latency) or observed (the value of the target that was recorded). Default required when the target is replicas, else observed.")
	fs.DurationVar(&o.SLO, "slo", o.SLO, "Response time that the application promises, for the label required. Without one, every service may take three times its unloaded latency.")
	fs.Float64Var(&o.SLOPercentile, "slo-percentile", o.SLOPercentile, "Which percentile --slo bounds, 0.95 for p95; 0 is the mean.")
	fs.IntVar(&o.Window, "window", o.Window, "Steps that the network looks back. Default 12.")
	fs.Var(&o.Horizons, "horizon", "Steps ahead to predict: 3 for the next three, steps 1, 2 and 3; a list such as 1,4,10 for exactly those. Default 1.")
	fs.StringVar(&o.Anchor, "anchor", o.Anchor,
		"What outputs are measured from: level (the mean of the training part), change (the last value of the target, which --features must have; for the label observed) or demand (the replicas that the last demand asks for, by replicas and cpu, which --features must have; for the label required). Default change or demand where they can be, else level.")
	fs.StringVar(&o.Scale, "scale", o.Scale, "Whether mean and standard deviation are taken per service, or global, over all services. A new scaler is fitted in any case.")
	fs.TextVar(&o.Split, "split", o.Split, "How the time of the series is divided into training, validation and test, in this order.")
}

func (o *Options) networkFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Model, "model", o.Model, fmt.Sprintf("Kind of network: %s. The last two are for comparison, and keep to --graph. Default deepscaler.", strings.Join(baseline.Kinds(), ", ")))
	fs.IntVar(&o.Hidden, "hidden", o.Hidden, "Channels inside the network, even. Default 32.")
	fs.IntVar(&o.Kernel, "kernel", o.Kernel, "Steps that a temporal convolution covers, odd; dcrnn and tgcn have none. Default 5.")
	fs.IntVar(&o.Blocks, "blocks", o.Blocks, "Spatio-temporal blocks, or recurrent layers. Default 2.")
}

func (o *Options) policyFlags(fs *pflag.FlagSet) {
	c := &o.Learning
	fs.Float64Var(&c.Quantile, "quantile", c.Quantile, "Quantile to predict: a higher one has fewer shortages and costs more. Default 0.5, or that of --from.")
	fs.IntVar(&c.Iterations, "iterations", c.Iterations, "How often to train the network and then the graph.")
	fs.IntVar(&c.Epochs, "epochs", c.Epochs, "Passes over the training part for the network, in every iteration.")
	fs.IntVar(&c.Batch, "batch", c.Batch, "Samples in one step of learning.")
	fs.Float64Var(&c.Rate, "learning-rate", c.Rate, "Learning rate of the network at the start.")
	fs.Float64Var(&c.Jitter, "jitter", c.Jitter, "Standard deviations by which every series of a sample is shifted in training, so that shapes are learned and not levels; for --anchor change and demand. -1 is 0.3 there, and else 0.")
	fs.Float64Var(&c.Decay, "weight-decay", c.Decay, "Decoupled weight decay of the network.")
	fs.Float64Var(&c.Clip, "clip", c.Clip, "Largest norm of a gradient.")
	fs.IntVar(&c.Patience, "patience", c.Patience, "Epochs without a better validation loss after which an iteration goes on to the graph; 0 is never.")
	fs.Uint64Var(&c.Seed, "seed", c.Seed, "Seed of everything that is drawn. The same seed, files and number of workers make the same model.")
	fs.IntVar(&c.Workers, "workers", c.Workers, "Number of threads; 0 is one per processor.")
}

func (o *Options) graphFlags(fs *pflag.FlagSet) {
	c := &o.Learning
	fs.IntVar(&c.GraphEpochs, "graph-epochs", c.GraphEpochs, "Passes over the training part for the graph, in every iteration; 0 keeps the graph as it is, and so do dcrnn and tgcn.")
	fs.Float64Var(&c.GraphRate, "graph-learning-rate", c.GraphRate, "Learning rate of the graph at the start.")
	fs.IntVar(&c.Graphs, "graphs", c.Graphs, "Most graphs to keep and weigh against each other.")
	fs.IntVar(&c.Embedding, "embedding", c.Embedding, "Numbers that tell one service from another in learning a graph.")
	fs.Float64Var(&c.Threshold, "threshold", c.Threshold, "Weight up to which an edge is left out, relative to that of a graph in which all edges are alike.")
	fs.Float64Var(&c.NewEdges, "new-edges", c.NewEdges, "Share of all pairs of services that may become edges in one iteration.")
	fs.Float64Var(&c.Sharpness, "sharpness", c.Sharpness, "How much more a graph counts that predicts better.")
}

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/learner/affinity"
)

func newGraphCommand() *cobra.Command {
	options := affinity.NewOptions()
	cmd := &cobra.Command{
		Use:   "graph --model-file FILE",
		Short: "Show the service dependencies that a model has learned",
		Long: `Graph prints the edges of the affinity matrix A of a model, heaviest first.

An entry A[source][destination] above 0 is an edge source → destination: source
calls destination, or the past of source tells about the future of destination.
The matrix is normalised, so that weights compare within one graph only.

A model keeps the graphs that its matrix was combined from, such as the recorded
invocation graph and those that were learned. --which shows one by its name,
set the union of all: the weight of an edge is the mean over the graphs that
have it. With --compare, edges are known or learned, or known and missing, and
the Jaccard similarity says how much of both sets of edges is in common: 1 when
they are the same, 0 when they share none. All edges of at least --min-weight
count for it, also those that --top leaves out, but no edge of a service to itself.

Output csv is read back by --compare and wherever a graph is read. Output dot is
for Graphviz; mermaid is for Markdown, where GitHub renders it.`,
		Example: `  # What has the model learned beyond the recorded invocation graph?
  deepscaler graph --model-file model.safetensors --compare shop-graph.csv

  # The 20 heaviest edges for a README, or drawn by Graphviz
  deepscaler graph --model-file model.safetensors --top 20 --output mermaid > graph.mmd
  deepscaler graph --model-file model.safetensors --output dot | dot -Tpdf > graph.pdf

  # One of the graphs that the model keeps
  deepscaler graph --model-file model.safetensors --which "learned 1" --min-weight 0.05 --output csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := options.Validate(); err != nil {
				return err
			}
			return options.Run(cmd.OutOrStdout())
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&options.ModelFile, "model-file", "", "Model to show, a .safetensors file (required).")
	fs.StringVar(&options.Output, "output", options.Output, "One of "+strings.Join(affinity.Formats(), ", ")+".")
	fs.StringVar(&options.Which, "which", options.Which,
		"Graph to show: combined, the one the network uses; set, the union of all graphs the model keeps; or the name of one of these.")
	fs.Float64Var(&options.MinWeight, "min-weight", options.MinWeight, "Smallest weight of an edge that is shown.")
	fs.IntVar(&options.Top, "top", options.Top, "Show this many edges, the heaviest; 0 for all.")
	fs.BoolVar(&options.SelfLoops, "self-loops", options.SelfLoops, "Show edges of a service to itself, too.")
	fs.StringVar(&options.Compare, "compare", "",
		"Known graph, CSV with source,destination[,weight], to tell known edges from learned ones. Output csv has no place for it.")
	fs.SortFlags = false
	return cmd
}

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
calls destination, or the past of source helps to predict destination.
The matrix is normalised, so compare weights within one graph only.

A model stores the graphs that form its matrix, such as the recorded invocation
graph and the learned ones. --which shows one of them by name, or with "set" the
union of all, in which the weight of an edge is the mean over the graphs that
have it. With --compare, edges are marked as known, learned or missing, and the
Jaccard similarity measures how much the two sets of edges have in common: 1 if
they are equal, 0 if they share none. It counts all edges of at least
--min-weight, also beyond --top, but no edge of a service to itself.

Options that read a graph, such as --compare, accept output csv. Output dot is for
Graphviz; GitHub renders output mermaid in Markdown.`,
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
		"Graph to show: combined, the one that the network uses; set, the union of all stored graphs; or the name of one of them.")
	fs.Float64Var(&options.MinWeight, "min-weight", options.MinWeight, "Smallest weight of the edges to show.")
	fs.IntVar(&options.Top, "top", options.Top, "Show this many edges, the heaviest; 0, the default, for all.")
	fs.BoolVar(&options.SelfLoops, "self-loops", options.SelfLoops, "Also show edges of a service to itself.")
	fs.StringVar(&options.Compare, "compare", "",
		"Known graph, CSV with source,destination[,weight], to mark edges as known or learned. Output csv cannot show it.")
	fs.SortFlags = false
	return cmd
}

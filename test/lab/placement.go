package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/test/lab/placement"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

type placements struct {
	app     string
	first   uint64
	seeds   int
	holdOut bool
	e       placement.Experiment
}

func placementCommand() *cobra.Command {
	o := &placements{app: "online-boutique", first: 1, seeds: 3, e: placement.Defaults(nil)}
	c := &cobra.Command{
		Use:   "placement",
		Short: "Compare where schedulers place the pods of an application",
		Long: `Placement scales an application from one pod per service out, then in and out
again, and places its pods by the rules of several schedulers on the same nodes. At both
ends the same load runs on the testbed, where calls between nodes and zones take time.

The columns of the table are means over seeds:
  routing     how a call chooses a pod: any, or with the trafficDistribution of its Service
  removed     pods that scale-ins have taken away before
  cross-zone  share of the calls between pods that leave their zone
  same-node   share that stays on its node
  mean, p95   response time of users
  violations  share of the steps of 15 s that break the SLO
  worst       utilisation of the busiest zone's pods of any service
  one zone    share of all pods in the zone that holds most of them

The bound improves the default placement by local search over the final replicas, with no
zone busier than there under PreferSameZone, or than 80 %.

With --hold-out it computes other scenarios and seeds than those on which the weights were
chosen, without the testbed: for the default scheduler, ours with deletion costs and the bound the
share of calls that cross zones, the busiest zone and the mean round trip of a call, all under
PreferSameZone, and the share of the bound's gain in round trips that ours reaches.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.holdOut {
				return o.summarise(c.Context(), c.OutOrStdout())
			}
			return o.run(c.Context(), c.OutOrStdout())
		},
	}
	fs := c.Flags()
	fs.StringVar(&o.app, "app", o.app, "Application.")
	fs.IntVar(&o.e.Pods, "pods", o.e.Pods, "Pods of all services together once scaled out; the load follows from it.")
	fs.IntVar(&o.e.Removals, "removals", o.e.Removals, "Pods to scale in before the second measurement, at least.")
	fs.IntSliceVar(&o.e.Nodes, "nodes", o.e.Nodes, "Nodes in each zone.")
	fs.Float64Var(&o.e.Weight, "weight", o.e.Weight, "Weight of our plugin beside those of the default profile.")
	fs.Int64Var(&o.e.MilliCPU, "node-cpu", o.e.MilliCPU, "Size of a node in thousandths of a core.")
	fs.Int64Var(&o.e.Memory, "node-memory", o.e.Memory, "Memory of a node in bytes.")
	fs.IntVar(&o.e.Seconds, "seconds", o.e.Seconds, "Virtual time of a measurement.")
	fs.Uint64Var(&o.first, "first-seed", o.first, "First seed.")
	fs.IntVar(&o.seeds, "seeds", o.seeds, "Number of seeds.")
	fs.BoolVar(&o.holdOut, "hold-out", o.holdOut, "Compute the scenarios on which nothing was chosen, from seed 101 on; of the other flags only --seeds counts.")
	return c
}

func (o *placements) run(ctx context.Context, out io.Writer) (err error) {
	if o.e.Application, err = app.Load(o.app); err != nil {
		return err
	}
	var seeds [][]placement.Row
	for seed := range o.seeds {
		rows, err := o.e.Do(ctx, o.first+uint64(seed))
		if err != nil {
			return err
		}
		seeds = append(seeds, rows)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "scheduler\trouting\tremoved\tcross-zone\tsame-node\tmean ms\tp95 ms\tviolations\tworst\tone zone\t")
	for i, r := range seeds[0] {
		var m placement.Measured
		n, largest := float64(len(seeds)), 0.0
		for _, rows := range seeds {
			v := rows[i].Measured
			for d := range m.Share {
				m.Share[d] += v.Share[d] / n
			}
			m.Mean += v.Mean / n
			m.P95 += v.P95 / n
			m.Violations += v.Violations / n
			m.Worst += v.Worst / n
			largest += rows[i].Largest / n
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.3f\t%.3f\t%.2f\t%.1f\t%.1f %%\t%.2f\t%.2f\t\n", r.Scheduler, r.Routing, r.Removed,
			m.Share[2], m.Share[0], m.Mean*1000, m.P95*1000, m.Violations*100, m.Worst, largest)
	}
	return w.Flush()
}

// summarise prints a row after growth and one after the scale-ins for every scenario.
func (o *placements) summarise(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out, "| application | pods | nodes | after | cross-zone | busiest zone | round trip ms | of the bound's gain |\n|---|--:|---|---|--:|--:|--:|--:|")
	for _, s := range placement.HoldOut() {
		both, err := s.Summarise(ctx, placement.FirstUnseen, o.seeds)
		if err != nil {
			return err
		}
		for i, x := range both {
			fmt.Fprintf(out, "| %s | %d | %v × %d cores | %s | %.3f / %.3f / %.3f | %.2f / %.2f / %.2f | %.3f / %.3f / %.3f | %.0f %% |\n",
				s.App, s.Pods, s.Nodes, s.MilliCPU/1000, [2]string{"growth", "scale-ins"}[i], x.Default.CrossZone, x.Ours.CrossZone, x.Bound.CrossZone,
				x.Default.Worst, x.Ours.Worst, x.Bound.Worst, 1000*x.Default.Trip, 1000*x.Ours.Trip, 1000*x.Bound.Trip, 100*x.Gain())
		}
	}
	return nil
}

package experiment

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// WriteTable writes the mean over seeds of every autoscaler and setting.
func WriteTable(w io.Writer, runs []Run) error {
	runs = slices.SortedStableFunc(slices.Values(runs), order)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "application\tworkload\tautoscaler\tknob\tviolations %\tp95 %\tcore-hours\tCAE s\tactions\trecovery s\tneeded s\tMAE\t")
	for i := 0; i < len(runs); {
		j := i
		for j < len(runs) && runs[j].Autoscaler == runs[i].Autoscaler && runs[j].Knob == runs[i].Knob && runs[j].Workload == runs[i].Workload && runs[j].Application == runs[i].Application {
			j++
		}
		group := runs[i:j]
		mean := func(of func(*Run) *float64) string {
			sum, n := 0.0, 0
			for k := range group {
				if v := of(&group[k]); v != nil {
					sum += *v
					n++
				}
			}
			if n == 0 {
				return "-"
			}
			return fmt.Sprintf("%.2f", sum/float64(n))
		}
		percent := func(v float64) *float64 { v *= 100; return &v }
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n",
			group[0].Application, group[0].Workload, group[0].Autoscaler, group[0].Knob,
			mean(func(r *Run) *float64 { return percent(r.Violations) }), mean(func(r *Run) *float64 { return percent(r.ViolationsP95) }),
			mean(func(r *Run) *float64 { return &r.CoreHours }), mean(func(r *Run) *float64 { return &r.CAE }),
			mean(func(r *Run) *float64 { v := float64(r.Actions); return &v }), mean(func(r *Run) *float64 { return r.RecoverySeconds }),
			mean(func(r *Run) *float64 { return r.NeededSeconds }), mean(func(r *Run) *float64 { return r.MeanAbsoluteError }))
		i = j
	}
	return t.Flush()
}

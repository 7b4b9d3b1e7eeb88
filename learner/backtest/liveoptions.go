package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/learner/record"
)

// LiveOptions are the flags of a comparison of plans with what ran.
type LiveOptions struct {
	// Source is where to read, and Since how far back, such as 7d.
	Source *record.Options
	Since  string
	// SLO and SLOPercentile are those of the adapter, and so is LeadTime.
	SLO           time.Duration
	SLOPercentile float64
	LeadTime      time.Duration
	// Stabilization is that of [LiveSpec].
	Stabilization time.Duration
}

// NewLiveOptions returns the defaults.
func NewLiveOptions() *LiveOptions {
	spec := DefaultLiveSpec()
	return &LiveOptions{Source: record.NewOptions(), Since: "7d", LeadTime: spec.LeadTime, Stabilization: spec.Stabilization}
}

// Flags adds the flags to fs.
func (o *LiveOptions) Flags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Since, "since", o.Since, "How far back to compare, such as 7d or 36h.")
	fs.DurationVar(&o.SLO, "slo", o.SLO, "Response time that requests entering the application must keep, as in the configuration of the adapter; 0, the default, counts no violations.")
	fs.Float64Var(&o.SLOPercentile, "slo-percentile", o.SLOPercentile, "What the SLO bounds: 0, the default, the mean, 0.95 the 95th percentile.")
	fs.DurationVar(&o.LeadTime, "lead-time", o.LeadTime, "Time from a plan until its pods serve, as in the configuration of the adapter.")
	fs.DurationVar(&o.Stabilization, "stabilization-window", o.Stabilization, "How long the autoscalers keep the largest plan, as in scaleDown of their behavior; 5m where they name none.")
	o.Source.SourceFlags(fs)
}

// Run reads the history and compares. Progress goes to log; now is the clock.
func (o *LiveOptions) Run(ctx context.Context, log io.Writer, now func() time.Time) (*Live, error) {
	source := *o.Source
	source.ReadOnly, source.Start, source.End = true, "-"+strings.TrimPrefix(o.Since, "-"), "now"
	source.Features = estimator.FeatureNames(append(estimator.DefaultFeatures(), telemetry.Planned, telemetry.Cores))
	source.Queries = telemetry.LiveQueries()
	spec := DefaultLiveSpec()
	spec.SLO, spec.LeadTime, spec.Stabilization = demand.SLO{Bound: o.SLO, Percentile: o.SLOPercentile}, o.LeadTime, o.Stabilization
	if err := errors.Join(source.Validate(), spec.SLO.Validate()); err != nil {
		return nil, err
	}
	if o.LeadTime < 0 {
		return nil, fmt.Errorf("--lead-time is %v, want at least 0", o.LeadTime)
	}
	if o.Stabilization < 0 {
		return nil, fmt.Errorf("--stabilization-window is %v, want at least 0", o.Stabilization)
	}
	c, err := source.Config(log, now)
	if err != nil {
		return nil, err
	}
	w, calls, err := c.Read(ctx)
	if err != nil {
		return nil, err
	}
	return CompareLive(w, calls, spec)
}

// WriteTable writes the comparison for people.
func (l *Live) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "%s to %s, steps of %v\n\n", l.From.Format(time.RFC3339), l.To.Format(time.RFC3339), time.Duration(l.Step))
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "service\tpods ran h\tplanned h\tneeded h\tcores ran h\tplanned h\ttoo few: ran %\tplanned %\t")
	for _, s := range append([]LiveService{l.Total}, l.Services...) {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t\n",
			s.Name, s.Ran, s.Plan, s.Needed, s.RanCores, s.PlanCores, 100*s.RanShort, 100*s.PlanShort)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe plans would have saved %.2f of %.2f core-hours.\n", l.Total.RanCores-l.Total.PlanCores, l.Total.RanCores)
	if l.Violated != nil {
		fmt.Fprintf(out, "The SLO was violated in %.2f %% of the steps. In %.2f %% a service then had too few pods and the plans had enough; they had too few in %.2f %% of the steps without a violation.\n",
			100**l.Violated, 100**l.Avoidable, 100**l.Added)
	}
	return nil
}

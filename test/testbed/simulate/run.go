package simulate

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Options of a run.
type Options struct {
	// Duration of the run and Step between two rows of a service.
	Duration, Step time.Duration
	// Start is the time of second 0, in the timestamps.
	Start time.Time
	// Progress, unless nil, is called with the finished share, from 0 to 1.
	Progress func(share float64)
}

// Result is the summary of a run.
type Result struct {
	// Requests of users and Calls of services that ended.
	Requests, Calls uint64
	// Violations is the share of the steps in which the SLO was broken (Eq. 1 of the paper).
	Violations float64
	// CoreHours is the CPU limit of the ready pods, summed over the run. Eq. 2 of
	// the paper divides by T once more.
	CoreHours float64
}

// Run runs the engine for the duration under a schedule and writes a row per step and service.
// Columns are timestamp (of the end of the step, Unix seconds), service, requests per second,
// mean latency in seconds, CPU used ÷ limit, memory used ÷ limit and ready replicas at its end.
// A value that could not be measured is an empty cell.
func Run(ctx context.Context, e *simulation.Engine, schedule Schedule, out io.Writer, opts Options) (Result, error) {
	if opts.Step <= 0 || opts.Duration < opts.Step {
		return Result{}, fmt.Errorf("a run of %v in steps of %v: want a step above 0 and at least one of them", opts.Duration, opts.Step)
	}
	table := csv.NewWriter(out)
	if err := table.Write([]string{"timestamp", "service", "requests", "latency", "cpu", "memory", "replicas"}); err != nil {
		return Result{}, fmt.Errorf("write telemetry: %w", err)
	}
	services := e.Application().Services
	before := make([]simulation.Totals, len(services))
	var result Result
	steps := int(opts.Duration / opts.Step)
	for n := range steps {
		if err := ctx.Err(); err != nil {
			return result, err
		}
		second := (time.Duration(n) * opts.Step).Seconds()
		for i, replicas := range schedule.Replicas(second) {
			if err := e.SetReplicas(i, replicas); err != nil {
				return result, err
			}
		}
		end := time.Duration(n+1) * opts.Step
		if err := advance(ctx, e, second, end.Seconds()); err != nil {
			return result, err
		}
		responses := e.TakeResponses()
		result.Requests += responses.Count
		if responses.Violates(e.Application().SLO) {
			result.Violations += 1 / float64(steps)
		}
		at := strconv.FormatInt(opts.Start.Add(end).Unix(), 10)
		for i := range services {
			now := e.Totals(i)
			d := difference(now, before[i])
			before[i] = now
			result.Calls += d.Requests
			limit := float64(services[i].Resources.Limits.CPU)
			result.CoreHours += d.Ready * limit / 3600
			row := []string{
				at, services[i].Name,
				cell(float64(d.Requests) / opts.Step.Seconds()), cell(d.Seconds / float64(d.Requests)),
				cell(d.CPU / d.Limit), cell(e.Memory(i)), strconv.Itoa(e.Ready(i)),
			}
			if err := table.Write(row); err != nil {
				return result, fmt.Errorf("write telemetry: %w", err)
			}
		}
		if opts.Progress != nil {
			opts.Progress(float64(n+1) / float64(steps))
		}
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return result, fmt.Errorf("write telemetry: %w", err)
	}
	return result, nil
}

// advance runs the engine from one time to another, in seconds, and checks in
// between whether ctx is done.
func advance(ctx context.Context, e *simulation.Engine, from, to float64) error {
	const slice = 10
	for at := from + slice; at < to; at += slice {
		if err := ctx.Err(); err != nil {
			return err
		}
		e.Run(at)
	}
	e.Run(to)
	return nil
}

func difference(now, before simulation.Totals) simulation.Totals {
	return simulation.Totals{
		Requests: now.Requests - before.Requests, Failures: now.Failures - before.Failures,
		Seconds: now.Seconds - before.Seconds, CPU: now.CPU - before.CPU, Ready: now.Ready - before.Ready, Limit: now.Limit - before.Limit,
	}
}

// cell returns an empty cell for NaN, such as a mean of no values.
func cell(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 8, 64)
}

// WriteGraph writes the true call graph of the run so far as
// source,destination,weight. The weight is the mean number of calls to the destination
// for each call of the source.
func WriteGraph(e *simulation.Engine, out io.Writer) error {
	table := csv.NewWriter(out)
	rows := [][]string{{"source", "destination", "weight"}}
	services := e.Application().Services
	for i := range services {
		total := float64(e.Totals(i).Requests)
		for j, calls := range e.Calls(i) {
			if calls > 0 {
				rows = append(rows, []string{services[i].Name, services[j].Name, cell(float64(calls) / total)})
			}
		}
	}
	if err := table.WriteAll(rows); err != nil {
		return fmt.Errorf("write call graph: %w", err)
	}
	return nil
}

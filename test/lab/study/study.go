package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/deepscaler/deepscaler/learner/train"
)

// study does jobs, one after the other, but for those that are done.
type study struct {
	journal *journal
	// build identifies the program.
	build string
	log   io.Writer
	now   func() time.Time
	run   func(ctx context.Context, o training, log io.Writer) (*train.Report, error)
	// finished receives the results after every run, and once before the first.
	finished func(results) error
}

// do returns the results of the jobs. An error leaves those in the journal that
// were done.
func (s *study) do(ctx context.Context, jobs []job) (results, error) {
	all := results{}
	var left []job
	known := map[string]bool{}
	for _, j := range jobs {
		key := j.key()
		if known[key] {
			continue
		}
		known[key] = true
		if r, ok := s.journal.runs[key]; ok {
			all[key] = r
			continue
		}
		left = append(left, j)
	}
	fmt.Fprintf(s.log, "%d runs, %d of them done before\n", len(known), len(all))
	if len(all) > 0 {
		if err := s.finished(all); err != nil {
			return nil, err
		}
	}
	for i, j := range left {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		fmt.Fprintf(s.log, "run %d of %d: %v%s\n", len(all)+1, len(known), j, s.remaining(left[i:], all))
		report, err := s.run(ctx, j.Options, s.log)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", j, err)
		}
		if report.Test == nil {
			return nil, fmt.Errorf("%v: there is no test part to compare on, see --split", j)
		}
		report.History, report.Test.Services = nil, nil // much, and of no use here
		r := record{Key: j.key(), Dataset: j.Source.Name, Label: j.Label, Seed: j.Options.Learning.Seed, Build: s.build, At: s.now().UTC(), Report: report}
		if err := s.journal.add(r); err != nil {
			return nil, fmt.Errorf("keep the run: %w", err)
		}
		all[r.Key] = r
		if err := s.finished(all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// remaining estimates from the finished jobs how long the remaining ones take.
func (s *study) remaining(left []job, done results) string {
	type alike struct{ dataset, label string }
	seconds, count := map[alike]float64{}, map[alike]float64{}
	total := 0.0
	for _, r := range done {
		a := alike{r.Dataset, r.Label}
		seconds[a] += r.Report.Seconds
		count[a]++
		total += r.Report.Seconds
	}
	if len(done) == 0 {
		return ""
	}
	expected := 0.0
	for _, j := range left {
		a := alike{j.Source.Name, j.Label}
		if count[a] > 0 {
			expected += seconds[a] / count[a]
		} else {
			expected += total / float64(len(done))
		}
	}
	return fmt.Sprintf(", about %v left in all", time.Duration(expected*float64(time.Second)).Round(time.Second))
}

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/train"
)

// learning shows a training on the terminal.
type learning struct {
	terminal *terminal
	now      func() time.Time

	began, shown time.Time
	done         float64 // epochs
	total        int
}

var _ train.Progress = (*learning)(nil)

// within is the shortest time between two reports of an unfinished epoch.
const within = 3 * time.Second

// Tried implements [train.Progress].
func (l *learning) Tried(t train.Trial) {
	l.terminal.say("anchor %s: a validation loss of %.4g after a short training, %.4g without a network", t.Anchor, t.Loss, t.Alone)
}

// Begin implements [train.Progress]: it prints the task and its starting point.
func (l *learning) Begin(r *train.Report) {
	l.began = l.now()
	l.shown = l.began
	l.total = r.Learning.Iterations * (r.Learning.Epochs + r.Learning.GraphEpochs)
	if r.Learning.GraphEpochs > 0 {
		l.total += r.Learning.Epochs // of the probe
	}
	t := l.terminal
	t.say("%d steps of %v of %d services; %d training, %d validation and %d test samples of %s (%s), %s ahead",
		r.Series.Steps, time.Duration(r.Series.Step), r.Series.Services, r.Samples.Train, r.Samples.Validation, r.Samples.Test,
		r.Target, r.Label.Kind, ahead(r))
	if reason := chosen(r); reason != "" {
		t.say("%s", reason)
	}
	if r.Season != nil {
		t.say("requests recur every %v", time.Duration(r.Season.Period))
	}
	start := "from scratch"
	if r.Parent != "" {
		start = fmt.Sprintf("from model %.12s", r.Parent)
	}
	t.say("%s network of %d parameters, %s", r.Kind, r.Parameters, start)
	switch {
	case r.Calls > 0:
		t.say("invocation graph of %d edges", r.Calls)
	case r.Parent != "":
		t.say("no invocation graph: continues with the graph of the model")
	default:
		t.say("no invocation graph: starts from the identity, a graph without edges")
	}
}

// chosen returns why the anchor was chosen, "" if there was no choice.
func chosen(r *train.Report) string {
	switch {
	case len(r.Trials) == 0:
		return ""
	case r.Anchor == r.Trials[0].Anchor:
		return fmt.Sprintf("anchor %s: by it the window shows what is predicted, and no other has a loss that is lower by more than two standard errors", r.Anchor)
	}
	return fmt.Sprintf("anchor %s: its loss is lower than that of %s by more than two standard errors", r.Anchor, r.Trials[0].Anchor)
}

// ahead returns how far the horizons reach.
func ahead(r *train.Report) string {
	last := time.Duration(slices.Max(r.Horizons)) * time.Duration(r.Series.Step)
	return fmt.Sprintf("up to %v", last)
}

// Epoch implements [train.Progress].
func (l *learning) Epoch(e em.Epoch, done float64, total int) {
	now := l.now()
	l.done, l.total = done, total
	finished := !math.IsNaN(e.Validation)
	if !finished && now.Sub(l.shown) < within {
		return
	}
	l.shown = now
	text := fmt.Sprintf("iteration %d, %s %d", e.Iteration, e.Phase, e.Epoch)
	if finished {
		text += fmt.Sprintf(": loss %.4f, validation %.4f", e.Training, e.Validation)
	}
	l.terminal.progress(done/float64(total), text, now.Sub(l.began))
}

// summarise prints the cost of learning and the errors of the model.
func (l *learning) summarise(file string, r *train.Report) error {
	t := l.terminal
	t.say("wrote %s: validation loss %.4f, %d edges, %.1f s on the clock, %.1f core-seconds, %d MiB at most",
		file, r.Validation, r.Edges, r.Seconds, r.CoreSeconds, r.PeakBytes>>20)
	if r.ParentValidation != nil {
		if r.KeptParent {
			t.say("nothing was better than the parent, whose loss on the same samples is %.4f: its parameters and its graph were kept", *r.ParentValidation)
		} else {
			t.say("the parent has a loss of %.4f on the same samples", *r.ParentValidation)
		}
	}
	if useless := l.useless(r); useless != "" {
		t.say("%s", useless)
	}
	if r.Test == nil {
		return nil
	}
	var table strings.Builder
	if err := r.Test.WriteTable(&table, false); err != nil {
		return err
	}
	t.say("\n%s in the %d samples of the test part:\n\n%s", r.Target, r.Samples.Test, table.String())
	return nil
}

// useless returns where the network adds nothing to its anchor, "" for nowhere.
func (l *learning) useless(r *train.Report) string {
	var steps []string
	for i, h := range r.Horizons {
		if shares := r.SharesAt(i); len(shares) > 0 && slices.Max(shares) == 0 {
			steps = append(steps, fmt.Sprint(h))
		}
	}
	from := map[string]string{"level": "the mean", "change": "the last value", "demand": "what the last demand asks for", "analytic": "what queueing theory forecasts"}[r.Anchor]
	switch {
	case len(steps) == 0:
		return ""
	case len(steps) == len(r.Horizons):
		return fmt.Sprintf("nothing was learned: at every horizon the model predicts %s, which the network does not improve; it needs a longer history, or one with more changes of the load", from)
	}
	return fmt.Sprintf("nothing was learned for step %s ahead, where the model predicts %s", strings.Join(steps, ", "), from)
}

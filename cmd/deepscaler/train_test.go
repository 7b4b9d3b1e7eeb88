package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/train"
)

// waves writes a history of two services and returns its file.
func waves(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintln(&text, "timestamp,service,requests")
	for at := range 200 {
		fmt.Fprintf(&text, "%d,cart,%v\n", 1_700_000_000+30*at, 10+math.Sin(float64(at)/3))
		fmt.Fprintf(&text, "%d,web,%v\n", 1_700_000_000+30*at, 30+math.Cos(float64(at)/3))
	}
	path := filepath.Join(t.TempDir(), "shop.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTrainAndBacktest(t *testing.T) {
	series, dir := waves(t), t.TempDir()
	model, report := filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "report.json")
	out, err := execute(t, "train", "--series", series, "--target", "requests", "--horizon", "1,3", "--window", "4",
		"--hidden", "8", "--blocks", "1", "--iterations", "1", "--epochs", "2", "--graph-epochs", "0", "--out", model, "--report", report)
	if err != nil || !strings.Contains(out, "100 %") || !strings.Contains(out, "wrote "+model) {
		t.Fatalf("printed %q, %v", out, err)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var trained train.Report
	if err := json.Unmarshal(text, &trained); err != nil || len(trained.History) != 2 || trained.Test == nil {
		t.Errorf("report of %d epochs, test %v, %v", len(trained.History), trained.Test, err)
	}

	out, err = execute(t, "backtest", "--series", series, "--model-file", model, "--output", "json")
	if err != nil {
		t.Fatal(err)
	}
	var judged backtest.Report
	if err := json.Unmarshal([]byte(out), &judged); err != nil || judged.Overall.Model.MAE != trained.Test.Overall.Model.MAE {
		t.Errorf("training found an MAE of %v, the backtest printed %q, %v", trained.Test.Overall.Model.MAE, out, err)
	}
	if out, err = execute(t, "backtest", "--series", series, "--model-file", model, "--per-service"); err != nil || !strings.Contains(out, "cart") {
		t.Errorf("printed %q, %v", out, err)
	}
}

func TestTrainAndBacktestReject(t *testing.T) {
	series, dir := waves(t), t.TempDir()
	out := filepath.Join(dir, "m")
	for name, c := range map[string]struct {
		args string
		want string
	}{
		"train nothing":           {"train", "--series is required"},
		"train to nothing":        {"train --series x", "--out is required"},
		"train an argument":       {"train shop.csv", "shop.csv"},
		"train an unknown flag":   {"train --epoch 3", "--epoch"},
		"train a bad horizon":     {"train --horizon soon", `"soon" is not a number of steps`},
		"train a bad split":       {"train --split 70/30", "want three numbers"},
		"train no epochs":         {"train --series x --out " + out + " --epochs 0", "epochs is 0"},
		"train over the series":   {"train --series ./s.csv --out s.csv", "--out and --series are both"},
		"train over the report":   {"train --series s.csv --out m --report ./m", "--out and --report are both"},
		"train into nowhere":      {"train --series s.csv --out " + dir + "/no/m", "cannot be written"},
		"train into a folder":     {"train --series s.csv --out " + dir, "is a folder"},
		"train an absent file":    {"train --series /nonexistent.csv --out " + out, "--series: open /nonexistent.csv"},
		"train with a bad graph":  {"train --series " + series + " --graph " + series + " --out " + out, "--graph: "},
		"train from a series":     {"train --series " + series + " --from " + series + " --out " + out, "--from: "},
		"train from nothing":      {"train --series " + series + " --from /nonexistent --out " + out, "--from: "},
		"backtest nothing":        {"backtest", "--model-file is required"},
		"backtest an argument":    {"backtest shop.csv", "shop.csv"},
		"backtest an absent file": {"backtest --series x --model-file /nonexistent", "/nonexistent"},
		"backtest a series":       {"backtest --series x --model-file " + series, "--model-file: "},
		"backtest a model":        {"backtest --series " + modelFile + " --model-file " + modelFile, "--series: "},
		"backtest another split":  {"backtest --series x --model-file x --split 70", "--split"},
		"backtest all":            {"backtest --series x --model-file x --part most", `--part is "most"`},
		"backtest as YAML":        {"backtest --series x --model-file x --output yaml", `--output is "yaml"`},
		"backtest by nobody":      {"backtest --series x --model-file x --workers -1", "--workers is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(t, strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

// brief are the arguments of a training of a moment.
func brief(series, model string, more ...string) []string {
	return append([]string{"train", "--series", series, "--target", "requests", "--window", "4",
		"--hidden", "8", "--blocks", "1", "--iterations", "1", "--epochs", "2", "--graph-epochs", "0", "--out", model}, more...)
}

// TestTrainFrom: what is not said is that of the parent, what is said must be.
func TestTrainFrom(t *testing.T) {
	series, model := waves(t), filepath.Join(t.TempDir(), "model.safetensors")
	if _, err := execute(t, brief(series, model, "--quantile", "0.7")...); err != nil {
		t.Fatal(err)
	}
	report := model + ".json"
	from := []string{"train", "--series", series, "--from", model, "--iterations", "1", "--epochs", "1", "--graph-epochs", "0", "--out", model, "--report", report}
	out, err := execute(t, from...)
	if err != nil || !strings.Contains(out, "from model ") || !strings.Contains(out, "the parent") {
		t.Fatalf("printed %q, %v", out, err)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var r train.Report
	if err := json.Unmarshal(text, &r); err != nil || r.Target != "requests" || r.Window != 4 || !slices.Equal(r.Learning.Quantiles, []float64{0.7}) || len(r.Horizons) != 2 {
		t.Errorf("%s of a window of %d at %v, horizons %v; %v", r.Target, r.Window, r.Learning.Quantiles, r.Horizons, err)
	}
	if _, err := execute(t, append(from, "--window", "6")...); err == nil || !strings.Contains(err.Error(), "window is 6, but that of the model is 4") {
		t.Errorf("error %v, want one about the window", err)
	}
}

func TestStoppedTrainingLeavesTheOldModel(t *testing.T) {
	series := waves(t)
	for want, old := range map[string]string{" is unchanged": "a model that was there", "nothing was written": ""} {
		model := filepath.Join(t.TempDir(), "model.safetensors")
		if old != "" {
			if err := os.WriteFile(model, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cmd := newRootCommand()
		cmd.SetArgs(brief(series, model))
		cmd.SetOut(io.Discard)
		cmd.SetErr(writer(func(text string) {
			if strings.Contains(text, "policy 1:") {
				cancel()
			}
		}))
		err := cmd.ExecuteContext(ctx)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted after 1 of 2 epochs, ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
		if left, err := os.ReadFile(model); string(left) != old {
			t.Errorf("the model is %q, %v", left, err)
		}
		if entries, err := os.ReadDir(filepath.Dir(model)); err != nil || len(entries) > 1 {
			t.Errorf("there are %v, %v", entries, err)
		}
	}
}

type writer func(text string)

func (w writer) Write(p []byte) (int, error) { w(string(p)); return len(p), nil }

// TestLearningIsShown: on a terminal in one line, which is not longer than that;
// within an epoch after some seconds.
func TestLearningIsShown(t *testing.T) {
	at := time.Unix(0, 0)
	var out strings.Builder
	l := &learning{terminal: &terminal{out: &out, width: 40}, now: func() time.Time { return at }}
	l.Begin(&train.Report{Horizons: []int{1, 3}, Series: train.History{Step: train.Duration(30 * time.Second)}})
	if !strings.Contains(out.String(), "up to 1m30s ahead") || !strings.Contains(out.String(), "starts from the identity") {
		t.Errorf("begins with %q", out.String())
	}
	out.Reset()
	unfinished := em.Epoch{Iteration: 1, Phase: "policy", Epoch: 1, Training: math.NaN(), Validation: math.NaN()}
	for range 8 {
		at = at.Add(time.Second)
		l.Epoch(unfinished, 0.5, 2)
	}
	l.Epoch(em.Epoch{Iteration: 1, Phase: "policy", Epoch: 1, Training: 0.5, Validation: 0.25}, 1, 2)
	l.terminal.say("end")
	bars := strings.Split(out.String(), "\r\x1b[K")[1:]
	if len(bars) != 3 || !strings.HasSuffix(out.String(), "\nend\n") {
		t.Fatalf("shown %q, want two bars within the epoch and one at its end", out.String())
	}
	for _, bar := range bars {
		if line, _, _ := strings.Cut(bar, "\n"); len(line) > 39 || !strings.HasPrefix(line, "[##") {
			t.Errorf("bar %q in 40 columns", bar)
		}
	}
}

func TestSummaryOfWhatWasNotLearned(t *testing.T) {
	loss := 0.5
	for want, r := range map[string]train.Report{
		"nothing was learned: at every horizon the model predicts what the last demand asks for": {Anchor: "demand", Horizons: []int{1, 2}, Shares: []float64{0, 0}},
		"nothing was learned for step 2 ahead, where the model predicts the last value":          {Anchor: "change", Horizons: []int{1, 2}, Shares: []float64{0.5, 0}},
		"nothing was better than the parent":                                                     {ParentValidation: &loss, KeptParent: true},
		"the parent has a loss of 0.5000 on the same":                                            {ParentValidation: &loss},
	} {
		var out strings.Builder
		l := &learning{terminal: &terminal{out: &out}}
		if err := l.summarise("m", &r); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("printed %q, %v, want %q", out.String(), err, want)
		}
	}
}

func TestTrainHelpIsInGroups(t *testing.T) {
	out, err := execute(t, "train", "--help")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, want := range []string{"File flags:", "--series", "Sample flags:", "--horizon", "Network flags:", "--hidden", "Learning flags:", "--epochs", "Graph learning flags:", "--graph-epochs"} {
		i := strings.Index(out[at:], want)
		if i < 0 {
			t.Fatalf("help lacks %q after %d characters:\n%s", want, at, out)
		}
		at += i
	}
}

func TestReasonForAnAnchor(t *testing.T) {
	trials := []train.Trial{{Anchor: "change", Loss: 2}, {Anchor: "level", Loss: 1, Better: true}}
	for want, r := range map[string]train.Report{
		"":                                {Anchor: "analytic"},
		"anchor change: by it the":        {Anchor: "change", Trials: trials},
		"anchor level: its loss is lower": {Anchor: "level", Trials: trials},
	} {
		if got := chosen(&r); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%+v: %q, want %q at its beginning", r, got, want)
		}
	}
}

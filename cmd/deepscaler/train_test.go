package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/train"
)

// waves writes a history of two services and returns its file.
func waves(t *testing.T) string {
	t.Helper()
	s := estimator.NewWindow([]estimator.Service{{Name: "cart"}, {Name: "web"}}, []estimator.Feature{"requests"}, 200, 30*time.Second, time.Unix(1_700_000_000, 0))
	for at := range 200 {
		s.Set(0, at, 0, 10+math.Sin(float64(at)/3))
		s.Set(1, at, 0, 30+math.Cos(float64(at)/3))
	}
	path := filepath.Join(t.TempDir(), "shop.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := history.Write(f, s); err != nil {
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
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"train nothing":           {[]string{"train"}, "--series is required"},
		"train an argument":       {[]string{"train", "shop.csv"}, "shop.csv"},
		"train an unknown flag":   {[]string{"train", "--epoch", "3"}, "--epoch"},
		"train a bad horizon":     {[]string{"train", "--horizon", "soon"}, `"soon" is not a number of steps`},
		"train an absent file":    {[]string{"train", "--series", "/nonexistent.csv", "--out", filepath.Join(t.TempDir(), "m")}, "/nonexistent.csv"},
		"backtest nothing":        {[]string{"backtest"}, "--model-file is required"},
		"backtest an argument":    {[]string{"backtest", "shop.csv"}, "shop.csv"},
		"backtest an absent file": {[]string{"backtest", "--series", "x", "--model-file", "/nonexistent"}, "/nonexistent"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
		})
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

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/train"
)

// trial is a comparison of two networks on one source with two seeds.
func trial() *comparison {
	return &comparison{
		sources: []source{{Name: "shop", Content: "a"}},
		kinds:   []string{artifact.KindDeepScaler, artifact.KindTGCN},
		seeds:   2,
		options: *comparedOptions(),
	}
}

// trainer stands in for trainings: the n-th call has an MAE of n.
type trainer struct {
	calls  []training
	failAt int
}

func (f *trainer) run(_ context.Context, o training, _ io.Writer) (*train.Report, error) {
	f.calls = append(f.calls, o)
	n := len(f.calls)
	if n == f.failAt {
		return nil, errors.New("no memory")
	}
	e := evaluate.Errors{Model: evaluate.Metrics{Count: 1, MAE: float64(n), RMSE: 2, MAPE: 3}, Persistence: evaluate.Metrics{Count: 1, MAE: 2, RMSE: 3, MAPE: 4}}
	return &train.Report{
		Kind: o.Kind, Horizons: []int{1}, Parameters: 7, Validation: 0.25, History: make([]train.Epoch, 5),
		Network:  train.Network{Hidden: 64, Blocks: 1},
		Training: train.Training{Split: o.Samples.Split},
		Test:     &evaluate.Comparison{Season: 5, Overall: e, Horizons: []evaluate.HorizonErrors{{Horizon: 1, Errors: e}}, Services: make([]evaluate.ServiceErrors, 3)},
		Cost:     train.Cost{Seconds: 10, CoreSeconds: 20, PeakBytes: 3 << 20},
	}, nil
}

// conduct runs a study with the journal at path.
func conduct(t *testing.T, path string, f *trainer, jobs []job) (results, string, error) {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	var log strings.Builder
	s := &study{
		journal: j, build: "b1", log: &log, run: f.run,
		now:      func() time.Time { return time.Unix(0, 0) },
		finished: func(results) error { return nil },
	}
	r, err := s.do(t.Context(), jobs)
	return r, log.String(), err
}

func TestInterruptedStudyGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.json")
	jobs := trial().jobs()
	if _, _, err := conduct(t, path, &trainer{failAt: 3}, jobs); err == nil || !strings.Contains(err.Error(), "shop, deepscaler, seed 2: no memory") {
		t.Fatalf("error %v, want it to name the run", err)
	}
	// The program may have been killed while it wrote.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"key":"torn`); err != nil {
		t.Fatal(err)
	}
	f.Close()

	second := &trainer{}
	r, log, err := conduct(t, path, second, jobs)
	if err != nil {
		t.Fatal(err)
	}
	if len(second.calls) != 2 || len(r) != 4 {
		t.Errorf("%d runs done again, %d results, want 2 of 4", len(second.calls), len(r))
	}
	if !strings.Contains(log, "4 runs, 2 of them done before") || !strings.Contains(log, "run 3 of 4: shop, deepscaler, seed 2, about 20s left in all") {
		t.Errorf("log:\n%s", log)
	}
	third := &trainer{}
	again, _, err := conduct(t, path, third, jobs)
	if err != nil || len(third.calls) != 0 {
		t.Fatalf("%d runs of a complete study, error %v", len(third.calls), err)
	}
	if diff := cmp.Diff(trial().table(r), trial().table(again)); diff != "" {
		t.Errorf("the table read back differs:\n%s", diff)
	}
	for _, done := range again {
		if done.Report.History != nil || done.Report.Test.Services != nil {
			t.Error("the journal keeps the history and services of a run")
		}
	}
}

func TestRunsAreRecognised(t *testing.T) {
	base := newJob(source{Name: "shop", Series: "a.csv", Content: "a"}, "x", *comparedOptions(), 1)
	same := newJob(source{Name: "other", Series: "b.csv", Graph: "c.csv", Content: "a"}, "y", *comparedOptions(), 1)
	if base.key() != same.key() {
		t.Error("names and paths make another run")
	}
	seen := map[string]string{base.key(): "the first"}
	for name, change := range map[string]func(*job){
		"seed":    func(j *job) { j.Options.Learning.Seed = 2 },
		"content": func(j *job) { j.Source.Content = "b" },
		"batch":   func(j *job) { j.Options.Learning.Batch = 7 },
		"horizon": func(j *job) { j.Options.Samples.Horizons = []int{1} },
		"split":   func(j *job) { j.Options.Samples.Split.Train = 0.6 },
		"kind":    func(j *job) { j.Options.Kind = artifact.KindTGCN },
	} {
		j := base
		change(&j)
		if other, ok := seen[j.key()]; ok {
			t.Errorf("another %s is the same run as %s", name, other)
		}
		seen[j.key()] = "another " + name
	}
}

func TestJournalRefusesOtherFiles(t *testing.T) {
	for name, text := range map[string]string{
		"table":       "### shop\n",
		"no line":     "shop",
		"other JSON":  "{}\n",
		"without key": `{"report":{"test":{}}}` + "\n",
	} {
		path := filepath.Join(t.TempDir(), "runs.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openJournal(path); err == nil || !strings.Contains(err.Error(), "--json") {
			t.Errorf("%s: error %v, want one that says what to do", name, err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
			t.Errorf("%s: the file now is %q", name, kept)
		}
	}
}

func TestStudyNeedsATestPart(t *testing.T) {
	f := &trainer{}
	s := &study{
		journal: &journal{runs: results{}}, log: io.Discard, now: time.Now, finished: func(results) error { return nil },
		run: func(ctx context.Context, o training, w io.Writer) (*train.Report, error) {
			r, err := f.run(ctx, o, w)
			r.Test = nil
			return r, err
		},
	}
	if _, err := s.do(t.Context(), trial().jobs()); err == nil || !strings.Contains(err.Error(), "--split") {
		t.Errorf("error %v, want it to name --split", err)
	}
}

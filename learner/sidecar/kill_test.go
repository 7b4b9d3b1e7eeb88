package sidecar

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/learner/train"
)

// folder is the environment variable by which the test binary becomes a learner that hands
// over as fast as it can.
const folder = "TEST_LEARNER_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(folder); dir != "" {
		hurry(dir)
		return
	}
	os.Exit(m.Run())
}

// hurry learns without a pause until it is killed.
func hurry(dir string) {
	s := &site{dir: exchange.Dir(dir), since: time.Now().Add(-2 * time.Hour)}
	need := truth
	trainer := func(_ context.Context, in train.Input, _ train.Spec) (*train.Result, error) {
		need -= 1e-9 // another model each time
		m, err := constant(estimator.ServiceNames(in.History.Services), need)
		return &train.Result{Model: m}, err
	}
	c := settings()
	c.Interval = time.Millisecond
	New(Options{
		Settings: c, Exchange: s.dir, History: s, Train: trainer, Metrics: NewMetrics(), Log: slog.New(slog.DiscardHandler),
		Ticks: time.Tick(time.Millisecond), Now: time.Now, Random: rand.Float64, Seed: rand.Uint64,
	}).Run(context.Background())
}

// TestKilledAtAnyInstant kills a learner process over and over while it hands over. Whoever
// reads meanwhile finds whole files, and every learner goes on.
func TestKilledAtAnyInstant(t *testing.T) {
	s := &site{dir: exchange.Dir(t.TempDir()), list: []exchange.Application{application("shop")}}
	s.write(t)
	done, ended := make(chan struct{}), make(chan struct{})
	var whole atomic.Int64 // hand-overs that were read
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			r, err := s.dir.ReadReport("shop")
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a reader found: %v", err)
			}
			m, merr := s.dir.ReadModel("shop", artifact.Limits{})
			if merr != nil && !errors.Is(merr, fs.ErrNotExist) {
				t.Errorf("a reader found: %v", merr)
			}
			if err == nil && merr == nil && m.Hash() == r.Model {
				whole.Add(1)
			}
			if _, err := s.dir.ReadStatus(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a reader found: %v", err)
			}
		}
	}()
	var last time.Time
	var pace time.Duration // from the start of a learner to its first report
	rng, deadline := rand.New(rand.NewPCG(1, 1)), time.Now().Add(2*time.Minute)
	const kills, wanted, wantedWhole = 30, 6, 10
	advanced := 0
	// A machine that is busier than at first takes more of them.
	for i := 0; i < kills || (advanced < wanted || whole.Load() < wantedWhole) && time.Now().Before(deadline); i++ {
		began := time.Now()
		learner := exec.CommandContext(t.Context(), os.Args[0])
		learner.Env = append(os.Environ(), folder+"="+string(s.dir))
		if err := learner.Start(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			for last.IsZero() && time.Since(began) < time.Minute {
				time.Sleep(time.Millisecond)
				if r, err := s.dir.ReadReport("shop"); err == nil {
					last, pace = r.Trained, time.Since(began)
				}
			}
		} else {
			time.Sleep(time.Duration(2 * rng.Float64() * float64(pace)))
		}
		if err := learner.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := learner.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the learner ended by itself: %v", err)
		}
		if r, err := s.dir.ReadReport("shop"); err == nil && r.Trained.After(last) {
			advanced, last = advanced+1, r.Trained
		} else {
			pace += pace / 20
		}
	}
	close(done)
	<-ended
	if n := whole.Load(); n < wantedWhole || advanced < wanted {
		t.Errorf("%d whole hand-overs were read, and %d learners handed over", n, advanced)
	}
	if err := s.dir.Sweep(); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{filepath.Join(string(s.dir), "models", ".*"), s.dir.Metrics() + "?*"} {
		if left, _ := filepath.Glob(pattern); left != nil {
			t.Errorf("%v are left", left)
		}
	}
}

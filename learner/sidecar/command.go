package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/learner/record"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Flags are those of the command learner.
type Flags struct {
	// ConfigFile is the configuration file of the adapter.
	ConfigFile string
	// Exchange is the folder that is shared with the adapter.
	Exchange string
	// Healthy asks whether the learner of that folder is alive, instead of learning.
	Healthy bool
}

// Add adds the flags to fs.
func (f *Flags) Add(fs *pflag.FlagSet) {
	fs.StringVar(&f.ConfigFile, "config", f.ConfigFile, "Configuration file of the adapter, of which the learner reads telemetry and learner (required).")
	fs.StringVar(&f.Exchange, "exchange", f.Exchange, "Folder that the learner shares with the adapter: models.exchange in the configuration (required).")
	fs.BoolVar(&f.Healthy, "healthy", f.Healthy, "Fail unless the learner of the folder is alive, and learn nothing: a liveness probe.")
}

// Validate reports every invalid flag.
func (f *Flags) Validate() error {
	var errs []error
	if f.ConfigFile == "" && !f.Healthy {
		errs = append(errs, errors.New("--config is required: that of the adapter"))
	}
	if f.Exchange == "" {
		errs = append(errs, errors.New("--exchange is required: models.exchange in the configuration of the adapter"))
	} else if info, err := os.Stat(f.Exchange); err != nil || !info.IsDir() {
		errs = append(errs, fmt.Errorf("--exchange %s is no folder: mount the volume that adapter and learner share", f.Exchange))
	}
	return errors.Join(errs...)
}

// Run learns until ctx is done, or reports whether another learner is alive.
func (f *Flags) Run(ctx context.Context, log *slog.Logger) error {
	if f.Healthy {
		return exchange.Dir(f.Exchange).Alive(time.Now())
	}
	if err := Yield(); err != nil {
		log.WarnContext(ctx, "Learning competes with the adapter for processors", "err", err)
	}
	settings, err := LoadSettings(f.ConfigFile)
	if err != nil {
		return err
	}
	reader, err := record.NewReader(f.ConfigFile)
	if err != nil {
		return err
	}
	reader.Note = func(text string) { log.DebugContext(ctx, "Telemetry", "note", text) }
	ticker := time.NewTicker(Poll)
	defer ticker.Stop()
	s := New(Options{
		Settings: settings, Exchange: exchange.Dir(f.Exchange), Limits: artifact.Limits{}, History: reader, Train: train.Train, Metrics: NewMetrics(), Log: log,
		Ticks: ticker.C, Now: time.Now, Random: rand.Float64, Seed: rand.Uint64,
	})
	log.InfoContext(ctx, "Starting", "interval", settings.Interval, "history", settings.History,
		"processors", runtime.GOMAXPROCS(0), "memoryLimit", debug.SetMemoryLimit(-1))
	s.Run(ctx)
	log.InfoContext(context.WithoutCancel(ctx), "Stopped")
	return nil
}

package sidecar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

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
	// Listen is the address of the probes and of /metrics.
	Listen string
}

// NewFlags returns the defaults.
func NewFlags() *Flags { return &Flags{Listen: ":8081"} }

// Add adds the flags to fs.
func (f *Flags) Add(fs *pflag.FlagSet) {
	fs.StringVar(&f.ConfigFile, "config", f.ConfigFile, "Configuration file of the adapter, of which the learner reads telemetry and learner (required).")
	fs.StringVar(&f.Exchange, "exchange", f.Exchange, "Folder that the learner shares with the adapter: models.exchange in the configuration (required).")
	fs.StringVar(&f.Listen, "listen", f.Listen, "Address of /healthz, /readyz and /metrics, over plain HTTP.")
}

// Validate reports every invalid flag.
func (f *Flags) Validate() error {
	var errs []error
	if f.ConfigFile == "" {
		errs = append(errs, errors.New("--config is required: that of the adapter"))
	}
	if f.Exchange == "" {
		errs = append(errs, errors.New("--exchange is required: models.exchange in the configuration of the adapter"))
	} else if info, err := os.Stat(f.Exchange); err != nil || !info.IsDir() {
		errs = append(errs, fmt.Errorf("--exchange %s is no folder: mount the volume that adapter and learner share", f.Exchange))
	}
	if _, _, err := net.SplitHostPort(f.Listen); err != nil {
		errs = append(errs, fmt.Errorf("--listen: %w", err))
	}
	return errors.Join(errs...)
}

// Run learns until ctx is done.
func (f *Flags) Run(ctx context.Context, log *slog.Logger) error {
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
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	ticker := time.NewTicker(Poll)
	defer ticker.Stop()
	s := New(Options{
		Settings: settings, Exchange: exchange.Dir(f.Exchange), Limits: artifact.Limits{}, History: reader, Train: train.Train, Metrics: NewMetrics(), Log: log,
		Ticks: ticker.C, Now: time.Now, Random: rand.Float64, Seed: rand.Uint64,
	})
	log.InfoContext(ctx, "Starting", "address", l.Addr().String(), "interval", settings.Interval, "history", settings.History,
		"processors", runtime.GOMAXPROCS(0), "memoryLimit", debug.SetMemoryLimit(-1))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Serve(ctx, l) })
	group.Go(func() error { s.Run(ctx); return nil })
	err = group.Wait()
	log.InfoContext(context.WithoutCancel(ctx), "Stopped")
	return err
}

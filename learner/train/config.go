package train

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Terminal is what a training shares with its surroundings.
type Terminal struct {
	// Out receives progress and the summary, Result the report when it has no
	// file.
	Out, Result io.Writer
	// Width is the number of columns of Out when that is a terminal, where
	// progress is one line; else 0.
	Width int
	// Now is the clock.
	Now func() time.Time
}

// Config is everything Run needs.
type Config struct {
	kind     string
	shape    gnn.Config
	label    backtest.Label
	data     *samples.Set
	edges    []estimator.Edge // of the invocation graph; nil without one
	parent   *artifact.Model  // of the services of the series; nil without one
	calls    []backtest.Call  // those that the labels of the parent came from
	learning em.Config

	out, report string
	terminal    Terminal
}

// Config reads the files and checks that everything fits together. Call it after
// [Options.Validate].
func (o *Options) Config(terminal Terminal) (*Config, error) {
	for _, path := range []string{o.Out, o.Report} {
		if err := writable(path); err != nil {
			return nil, err
		}
	}
	series, err := history.ReadFile(o.Series)
	if err != nil {
		return nil, fmt.Errorf("--series: %w", err)
	}
	c := &Config{learning: o.Learning, out: o.Out, report: o.Report, terminal: terminal}
	if o.Graph != "" {
		if c.edges, err = history.ReadGraphFile(o.Graph, series.Services); err != nil {
			return nil, fmt.Errorf("--graph: %w", err)
		}
	}
	settled := *o
	if o.From != "" {
		if err := c.inherit(&settled, series); err != nil {
			return nil, fmt.Errorf("--from %s: %w", o.From, err)
		}
	}
	c.kind = settled.kind()
	if c.kind != artifact.KindDeepScaler {
		c.learning.GraphEpochs = 0
	}
	if c.learning.Workers == 0 {
		c.learning.Workers = runtime.GOMAXPROCS(0)
	}
	c.learning.Quantile = cmp.Or(settled.Learning.Quantile, defaultQuantile)
	if err := c.samples(&settled, series); err != nil {
		return nil, fmt.Errorf("--series %s: %w", o.Series, err)
	}
	c.shape = settled.shape()
	c.shape.Services, c.shape.Features, c.shape.Outputs = len(series.Services), len(c.data.Options().Features), len(c.data.Options().Horizons)
	if err := c.shape.Validate(); err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	return c, nil
}

// samples cuts the series as the options say.
func (c *Config) samples(o *Options, series *estimator.Window) error {
	c.label = backtest.Label{Kind: o.label()}
	switch {
	case c.label.Kind == artifact.LabelRequired:
		c.label.SLO, c.label.SLOPercentile = backtest.Duration(o.SLO), o.SLOPercentile
		if c.label.Calls = c.calls; c.edges != nil {
			c.label.Calls = backtest.Calls(c.edges, series.Services)
		}
	case o.SLO != 0:
		return fmt.Errorf("--slo has no effect on the label %s", c.label.Kind)
	case series.Channel(estimator.Feature(o.target())) < 0:
		return fmt.Errorf("there is no %q, which --target says; the features are %s", o.target(), strings.Join(estimator.FeatureNames(series.Features), ", "))
	}
	labeller, err := c.label.Labeller(o.target(), series.Services)
	if err != nil {
		return err
	}
	channels := o.Features
	if len(channels) == 0 {
		channels = estimator.FeatureNames(series.Features)
	}
	if c.learning.Jitter = o.jitter(o.anchor(channels)); c.learning.Jitter < 0 {
		return errors.New("--jitter needs --anchor change or demand: a shift of what the network sees would make other labels wrong")
	}
	c.data, err = samples.New(series, samples.Options{
		Window: cmp.Or(o.Window, defaultWindow), Horizons: o.Horizons, Features: estimator.Features(o.Features), Target: estimator.Feature(o.target()), Label: labeller,
		Split: o.Split, Scale: features.ScaleMode(o.Scale), Anchor: o.anchor(channels),
	})
	return err
}

// writable reports a file that could not be written when all the work is done.
func writable(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, want the name of a file", path)
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".writable-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

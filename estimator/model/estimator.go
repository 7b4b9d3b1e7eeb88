package model

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// Estimator estimates replicas with a trained network (paper §III-B). It is
// safe for concurrent use.
type Estimator struct {
	predictor *Predictor
	directory directory
	step      time.Duration
	columns   []column
	sources   [][]int // of every service in the affinity matrix
	level     level
	// analytic adds what the model measures from to windows; nil when it does not.
	analytic *queueing.Analytic
	// expected are the seasonal features of the network, and season what expects them; nil
	// without a season.
	expected []estimator.Feature
	season   season.Source
	// idle holds the memory of ended calls. Unlike a sync.Pool, garbage
	// collection does not empty it.
	idle chan *call
}

var _ estimator.Estimator = (*Estimator)(nil)

// call is the memory of one call of Estimate.
type call struct {
	pass     *Pass
	samples  []float64 // τ·N·C, of the model
	outputs  []float64 // N·O
	rows     []int     // of the window, for every service of the model
	channels []int     // of the window, for every feature of the model
	own      []float64 // of every service of the model, see [demand.Movement]
	moved    []float64 // the same with its sources
	rates    []float64 // of one service in the window
}

// NewEstimator returns an estimator on the network in a, see [Load]. A model
// with another target than replicas is an error; use a [Predictor] for those.
func NewEstimator(a *artifact.Model) (*Estimator, error) {
	network, err := Load(a)
	if err != nil {
		return nil, err
	}
	return NewEstimatorOn(a, network)
}

// NewEstimatorOn is [NewEstimator] for a network of another architecture, loaded
// from a.
func NewEstimatorOn(a *artifact.Model, network gnn.Model[float32]) (*Estimator, error) {
	if a.Target != string(estimator.Replicas) {
		return nil, fmt.Errorf("the model predicts %q, want one that is trained on %q", a.Target, estimator.Replicas)
	}
	p, err := NewPredictor(a, network)
	if err != nil {
		return nil, err
	}
	d, err := newDirectory(a.Services)
	if err != nil {
		return nil, err
	}
	e := &Estimator{
		predictor: p, directory: d, step: a.Step, columns: columns(a.Horizons), sources: sources(a.Affinity, len(a.Services)), level: levelOf(p.levels, a.Hyperparameters.Quantile),
		idle: make(chan *call, runtime.GOMAXPROCS(0)),
	}
	if a.Scaler.Analytic != nil {
		c := *a.Scaler.Analytic
		if a.Season != nil {
			c.Season = a.Season
		}
		if e.analytic, err = queueing.NewAnalytic(c, a.Scaler.AnalyticWindow); err != nil {
			return nil, err
		}
	}
	e.expected, e.season = season.Features(estimator.Features(a.Features)), a.Expected()
	e.end(e.begin())
	return e, nil
}

// At returns an estimator on the same network that serves another quantile of the
// need, in (0, 1); without it the one that the model is made for is served. One
// between two of the levels of the model is interpolated, one beyond them
// extrapolated, as if needs were normally distributed.
func (e *Estimator) At(quantile float64) (*Estimator, error) {
	if !(quantile > 0 && quantile < 1) {
		return nil, fmt.Errorf("quantile is %v, want a number between 0 and 1", quantile)
	}
	out := *e
	out.level = levelOf(e.predictor.levels, quantile)
	return &out, nil
}

// Steps returns how many steps a window needs: as many as the network looks back, and
// those that the first analytic forecast and the first look at the season look back before that.
func (e *Estimator) Steps() int {
	before := 0
	if e.analytic != nil {
		before = e.analytic.Window() - 1
	}
	if len(e.expected) > 0 {
		before = max(before, season.Lookback-1)
	}
	return e.predictor.config.Window + before
}

// annotate adds the features that follow from the others, from a step on, unless the
// window has them.
func (e *Estimator) annotate(ctx context.Context, w *estimator.Window, from int) (*estimator.Window, error) {
	if !slices.ContainsFunc(e.predictor.features, func(f string) bool { return w.Channel(estimator.Feature(f)) < 0 }) {
		return w, nil
	}
	if len(e.expected) > 0 {
		w = season.Annotate(w, e.season, e.expected, from)
	}
	if e.analytic == nil {
		return w, nil
	}
	return e.analytic.Annotate(ctx, w, from, false)
}

// Estimate implements [estimator.Estimator]. The forecast reaches to the last
// horizon of the model. Steps between its horizons are interpolated, and those
// before the first equal the first. Outputs below zero replicas become 0. The
// package documentation lists the services that have NaN instead.
//
// The error wraps [estimator.ErrInsufficientData] when the window has fewer steps
// than the model looks back, none of its services, or no sample of any. Any
// other error is one of configuration, such as another step or a feature that
// the window lacks, or of a model whose weights have diverged.
func (e *Estimator) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	c := e.begin()
	defer e.end(c)
	if err := e.predict(ctx, c, w); err != nil {
		return nil, fmt.Errorf("estimate with the model: %w", err)
	}
	return e.forecast(c, w, e.level), nil
}

// predict writes the outputs of all levels for a window to c.
func (e *Estimator) predict(ctx context.Context, c *call, w *estimator.Window) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.check(w); err != nil {
		return err
	}
	if window := e.predictor.config.Window; w.Steps < window {
		return fmt.Errorf("the window has %d steps, the model looks back %d: %w", w.Steps, window, estimator.ErrInsufficientData)
	}
	w, err := e.annotate(ctx, w, w.Steps-e.predictor.config.Window)
	if err != nil {
		return err
	}
	if err := e.run(c, w); err != nil {
		return err
	}
	if !anyKnown(c.outputs) {
		return fmt.Errorf("the last %d steps of the window have no sample of any of the model's services: %w",
			e.predictor.config.Window, estimator.ErrInsufficientData)
	}
	return nil
}

// check reports a window that the model cannot read.
func (e *Estimator) check(w *estimator.Window) error {
	if err := w.Validate(); err != nil {
		return err
	}
	if w.Step != e.step {
		return fmt.Errorf("the window has steps of %v, the model is trained on steps of %v", w.Step, e.step)
	}
	return nil
}

// run predicts from the last steps of a window that has all features of the model.
func (e *Estimator) run(c *call, w *estimator.Window) error {
	if err := e.read(c, w); err != nil {
		return err
	}
	if !e.predictor.adds {
		return c.pass.Predict(c.samples, c.outputs)
	}
	e.move(c, w)
	return c.pass.predict(c.samples, c.moved, c.outputs)
}

func anyKnown(values []float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) })
}

// forecast copies the outputs of a level to the rows of the window.
func (e *Estimator) forecast(c *call, w *estimator.Window, l level) *estimator.Forecast {
	f := estimator.NewForecast(w.Services, len(e.columns), w.Step)
	outputs := len(c.outputs) / len(c.rows)
	for row, n := range c.rows {
		if n == absent {
			continue
		}
		y := c.outputs[row*outputs : (row+1)*outputs]
		for h, column := range e.columns {
			f.Set(n, h, column.between(l.of(y, column.before), l.of(y, column.after)))
		}
	}
	return f
}

// read copies the last τ steps of the model's services and features from the
// window.
func (e *Estimator) read(c *call, w *estimator.Window) error {
	if err := locateChannels(w, e.predictor.features, c.channels); err != nil {
		return err
	}
	found, err := e.directory.locate(w, c.rows)
	if err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("the window has none of the model's %d services, such as %q: %w",
			len(c.rows), e.predictor.services[0], estimator.ErrInsufficientData)
	}
	i := 0
	for t := w.Steps - e.predictor.config.Window; t < w.Steps; t++ {
		for _, n := range c.rows {
			for _, channel := range c.channels {
				c.samples[i] = math.NaN()
				if n != absent {
					c.samples[i] = w.At(n, t, channel)
				}
				i++
			}
		}
	}
	return nil
}

// begin returns memory for a call: that of an earlier one if it has ended.
func (e *Estimator) begin() *call {
	select {
	case c := <-e.idle:
		return c
	default:
	}
	s := e.predictor.config
	return &call{
		pass:     e.predictor.NewPass(),
		samples:  make([]float64, s.Services*s.Window*s.Features),
		outputs:  make([]float64, s.Services*s.Outputs),
		rows:     make([]int, s.Services),
		channels: make([]int, s.Features),
		own:      make([]float64, s.Services),
		moved:    make([]float64, s.Services),
	}
}

// end keeps the memory of a call, unless enough is kept for all calls that can
// run at once.
func (e *Estimator) end(c *call) {
	select {
	case e.idle <- c:
	default:
	}
}

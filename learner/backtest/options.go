package backtest

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// What --output may be.
const (
	outputTable = "table"
	outputJSON  = "json"
)

// Options are the flags of a backtest.
type Options struct {
	// Series and ModelFile are the files with history and model; required.
	Series, ModelFile string
	// Split is text for [samples.ParseSplit]; empty for that of the training.
	Split string
	// Part is that of the split which is predicted.
	Part string
	// Output is "table" or "json".
	Output string
	// PerService also tells the errors of every service.
	PerService bool
	// Workers is the number of goroutines; 0 for one per processor.
	Workers int
}

// NewOptions returns the defaults.
func NewOptions() *Options {
	return &Options{Part: samples.Test.String(), Output: outputTable}
}

// Flags adds the flags to fs.
func (o *Options) Flags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Series, "series", o.Series, "History, .csv or .csv.gz, as deepscaler record writes it (required).")
	fs.StringVar(&o.ModelFile, "model-file", o.ModelFile, "Model that deepscaler train has written (required).")
	fs.StringVar(&o.Split, "split", o.Split,
		"How the time of the series is divided into training, validation and test, in this order. Default that of the training, which is right for the series of the training only; 1/0/99 tests on nearly all of another one.")
	fs.StringVar(&o.Part, "part", o.Part, "Part to predict: test, validation or train. Only test tells what to expect.")
	fs.StringVar(&o.Output, "output", o.Output, "Form of the result on standard output: table or json.")
	fs.BoolVar(&o.PerService, "per-service", o.PerService, "Also tell the errors of every service.")
	fs.IntVar(&o.Workers, "workers", o.Workers, "Number of threads; 0 is one per processor. The result does not depend on it.")
}

// Validate reports everything that is wrong with the flags by themselves.
func (o *Options) Validate() error {
	var errs []error
	reject := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	reject(o.Series == "", "--series is required: record one with deepscaler record")
	reject(o.ModelFile == "", "--model-file is required: make one with deepscaler train")
	if o.Split != "" {
		_, err := samples.ParseSplit(o.Split)
		reject(err != nil, "--split: %w", err)
	}
	_, ok := partOf(o.Part)
	reject(!ok, "--part is %q, want test, validation or train", o.Part)
	reject(!slices.Contains([]string{outputTable, outputJSON}, o.Output), "--output is %q, want %s or %s", o.Output, outputTable, outputJSON)
	reject(o.Workers < 0, "--workers is %d, want at least 0", o.Workers)
	return errors.Join(errs...)
}

func partOf(name string) (samples.Part, bool) {
	for _, p := range []samples.Part{samples.Train, samples.Validation, samples.Test} {
		if p.String() == strings.TrimSpace(name) {
			return p, true
		}
	}
	return 0, false
}

// Config is everything Run needs.
type Config struct {
	modelFile  string
	model      *artifact.Model // with the services in the order of the series
	hash       string          // of the file
	data       *samples.Set
	scaled     *samples.Set // the same under the scalers of the model
	label      Label
	part       samples.Part
	json       bool
	perService bool
	workers    int

	out io.Writer
}

// Config reads the files and checks that they fit together. The result goes to
// out. Call it after [Options.Validate].
func (o *Options) Config(out io.Writer) (*Config, error) {
	file, err := artifact.ReadFile(o.ModelFile)
	if err != nil {
		return nil, fmt.Errorf("--model-file: %w", err)
	}
	series, err := history.ReadFile(o.Series)
	if err != nil {
		return nil, fmt.Errorf("--series: %w", err)
	}
	training, err := TrainingOf(file)
	if err != nil {
		return nil, fmt.Errorf("--model-file %s: %w", o.ModelFile, err)
	}
	if o.Split != "" {
		if training.Split, err = samples.ParseSplit(o.Split); err != nil {
			return nil, fmt.Errorf("--split: %w", err)
		}
	}
	aligned, err := align(file, estimator.ServiceNames(series.Services))
	if err != nil {
		return nil, fmt.Errorf("%s does not fit %s: %w", o.ModelFile, o.Series, err)
	}
	data, err := samplesFor(aligned, series, training.Split, training.Label)
	if err != nil {
		return nil, fmt.Errorf("%s does not fit %s: %w", o.ModelFile, o.Series, err)
	}
	scaled, err := data.WithScalers(scalers(aligned))
	if err != nil {
		return nil, fmt.Errorf("%s does not fit %s: %w", o.ModelFile, o.Series, err)
	}
	part, _ := partOf(o.Part)
	if data.Samples(part) == 0 {
		return nil, fmt.Errorf("--split %v has no %v part, which --part asks for", training.Split, part)
	}
	c := &Config{
		modelFile: o.ModelFile, model: aligned, hash: file.Hash(), data: data, scaled: scaled, label: training.Label, part: part,
		json: o.Output == outputJSON, perService: o.PerService, workers: o.Workers, out: out,
	}
	if c.workers == 0 {
		c.workers = runtime.GOMAXPROCS(0)
	}
	return c, nil
}

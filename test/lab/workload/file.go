package workload

import (
	"fmt"
	"os"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/load"
)

const fileSuffix = ".csv"

// file is a load from a table, which starts anew after its end.
type file struct {
	path string
	rows load.Profile
	unit load.Unit
}

func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read workload: %w", err)
	}
	defer f.Close()
	rows, unit, err := load.ReadCSV(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &file{path: path, rows: rows, unit: unit}, nil
}

func (f *file) kind() kind {
	return kind{name: f.path, parameters: []parameter{
		{name: "scale", value: 1, least: 0, most: 1e6}, {name: "relative", value: 0, least: 0, most: 1},
	}}
}

func (f *file) profile(base float64, values map[string]float64, seconds int) load.Profile {
	factor := values["scale"]
	if mean := f.rows.Mean(); values["relative"] > 0 && mean > 0 {
		factor *= base / mean
	}
	p := make(load.Profile, seconds)
	for t := range p {
		p[t] = factor * f.rows.At(float64(t))
	}
	return p
}

func (f *file) length() time.Duration { return time.Duration(len(f.rows)) * time.Second }

// apart compares two spans on the clock of the file, because no seed changes it.
func (f *file) apart(train, test Span) error {
	length := f.length()
	if train.Duration+test.Duration > length {
		return fmt.Errorf("%s lasts %v, too short to train on %v of it and test on other %v", f.path, length, train.Duration, test.Duration)
	}
	train.From %= length
	test.From %= length
	for _, round := range []time.Duration{-length, 0, length} {
		if moved := (Span{From: test.From + round, Duration: test.Duration}); overlap(train, moved) {
			return fmt.Errorf("%s: training (%v from %v) and test (%v from %v) are the same part of the file", f.path, train.Duration, train.From, test.Duration, test.From)
		}
	}
	return nil
}

package exchange

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	// MetricPrefix begins the name of every metric of the learner, so that none can be
	// taken for one of the adapter.
	MetricPrefix = "deepscaler_learner_"
	// Beat is how often the learner writes its metrics, also while it trains.
	Beat = 10 * time.Second
	// Late is the age of the metrics from which the learner counts as stuck. The machine
	// may be busy, and the learner has the lowest priority.
	Late = 6 * Beat

	metrics = "learner.prom"
	// maxMetrics bounds the file: five hundred applications take it all.
	maxMetrics = 1 << 20
)

// Metrics returns the path of the learner's metrics, in the text format of Prometheus. A
// learner that replaces the file in time is alive.
func (d Dir) Metrics() string { return filepath.Join(string(d), metrics) }

// ReadMetrics returns the learner's metrics and when they were written. That time is
// known even if they are larger than allowed, which is an error.
func (d Dir) ReadMetrics() (content []byte, written time.Time, err error) {
	f, err := os.Open(d.Metrics())
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the learner's metrics: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the learner's metrics: %w", err)
	}
	content, err = io.ReadAll(io.LimitReader(f, maxMetrics+1))
	if err == nil && len(content) > maxMetrics {
		err = fmt.Errorf("%s has more than %d bytes", d.Metrics(), maxMetrics)
	}
	if err != nil {
		return nil, info.ModTime(), fmt.Errorf("read the learner's metrics: %w", err)
	}
	return content, info.ModTime(), nil
}

// Alive returns an error unless the learner has written its metrics in time.
func (d Dir) Alive(now time.Time) error {
	info, err := os.Stat(d.Metrics())
	if err != nil {
		return fmt.Errorf("the learner has not written its metrics yet: %w", err)
	}
	if age := now.Sub(info.ModTime()); age > Late {
		return fmt.Errorf("the learner last wrote its metrics %v ago, want at most %v", age.Round(time.Second), Late)
	}
	return nil
}

package selfmetrics

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// Learner exports what the learner of the adapter's pod writes into the folder that both
// share, so that the learner needs no port. What is late or malformed is left out.
type Learner struct {
	Exchange exchange.Dir
	Clock    clock.PassiveClock
}

var (
	_ prometheus.Collector = (*Learner)(nil)
	_ prometheus.Gatherer  = (*Learner)(nil)
)

const (
	learnerUp       = "deepscaler_learner_up"
	learnerLastTick = "deepscaler_learner_last_tick_timestamp_seconds"
)

func learnerDescriptions() (up, lastTick *prometheus.Desc) {
	return prometheus.NewDesc(learnerUp, "1 while the learner of the adapter's pod writes valid metrics in time, also while it trains, else 0.", nil, nil),
		prometheus.NewDesc(learnerLastTick, "When the learner last wrote its metrics, in seconds since the epoch; absent before the first time.", nil, nil)
}

// Describe implements [prometheus.Collector].
func (l *Learner) Describe(ch chan<- *prometheus.Desc) {
	up, lastTick := learnerDescriptions()
	ch <- up
	ch <- lastTick
}

// Collect implements [prometheus.Collector] by what is known about the learner's metrics.
func (l *Learner) Collect(ch chan<- prometheus.Metric) {
	up, lastTick := learnerDescriptions()
	_, written, err := l.read()
	works := 0.0
	if err == nil {
		works = 1
	}
	ch <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, works)
	if !written.IsZero() {
		ch <- prometheus.MustNewConstMetric(lastTick, prometheus.GaugeValue, float64(written.UnixMilli())/1000)
	}
}

// Gather implements [prometheus.Gatherer] by the learner's metrics. It never fails, since
// that would keep those of the adapter back.
func (l *Learner) Gather() ([]*dto.MetricFamily, error) {
	families, _, _ := l.read()
	return families, nil
}

// read returns the learner's metrics and when they were written, zero if never.
func (l *Learner) read() ([]*dto.MetricFamily, time.Time, error) {
	content, written, err := l.Exchange.ReadMetrics()
	if err != nil {
		return nil, written, err
	}
	if age := l.Clock.Since(written); age > exchange.Late {
		return nil, written, fmt.Errorf("the learner's metrics are %v old", age)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	parsed, err := parser.TextToMetricFamilies(bytes.NewReader(content))
	if err != nil {
		return nil, written, fmt.Errorf("read the learner's metrics: %w", err)
	}
	var families []*dto.MetricFamily
	for name, f := range parsed {
		if !strings.HasPrefix(name, exchange.MetricPrefix) || name == learnerUp || name == learnerLastTick {
			return nil, written, fmt.Errorf("%s is no metric of the learner", name)
		}
		if kind := f.GetType(); kind != dto.MetricType_COUNTER && kind != dto.MetricType_GAUGE {
			return nil, written, fmt.Errorf("%s is a %v, want a counter or a gauge", name, kind)
		}
		for _, m := range f.Metric {
			m.TimestampMs = nil // of the scrape, as for those of the adapter
		}
		families = append(families, f)
	}
	slices.SortFunc(families, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	// Merged alone, they show whether they can be merged with others.
	families, err = prometheus.Gatherers{prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })}.Gather()
	if err != nil {
		return nil, written, fmt.Errorf("read the learner's metrics: %w", err)
	}
	return families, written, nil
}

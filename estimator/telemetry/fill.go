package telemetry

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// The labels with the service of a series.
const (
	labelNamespace = "namespace"
	labelWorkload  = "workload"
)

// findings describe the answer to the query of one feature.
type findings struct {
	series, known int          // series in the answer, and of services in the window
	foreign       model.Metric // one outside the services of the window
	similar       []string     // services without a series, beside one of a similar name
	impossible    int          // samples that no indicator can have: negative or infinite
	newest        time.Time    // of any usable sample; zero without one
}

// fill stores the series of m in channel c of w. Samples that are NaN, infinite
// or negative stay missing; every feature of Table I is a number of at least 0.
//
// Two series for one service are an error rather than a sum, which would be
// wrong for ratios and gauges that the query does not aggregate.
func fill(w *estimator.Window, c int, rows map[estimator.Service]int, m model.Matrix) (findings, error) {
	found := findings{series: len(m)}
	start, step := w.Time(0).UnixMilli(), w.Step.Milliseconds()
	owner := make(map[int]model.Metric, len(rows))
	owned := make(map[int]bool, len(rows))
	var foreign []estimator.Service
	for _, series := range m {
		if series == nil {
			return found, errors.New("answer holds a series that is null")
		}
		service := serviceOf(series.Metric, labelNamespace, labelWorkload)
		row, ok := rows[service]
		if !ok {
			found.foreign = series.Metric
			foreign = append(foreign, service)
			continue
		}
		if other, taken := owner[row]; taken {
			return found, fmt.Errorf("two series for service %s, %v and %v: aggregate by namespace and workload",
				w.Services[row], other, series.Metric)
		}
		owner[row], owned[row] = series.Metric, true
		found.known++
		if len(series.Histograms) > 0 {
			return found, fmt.Errorf("series %v holds native histograms, want numbers", series.Metric)
		}

		next := int64(0)
		for _, sample := range series.Values {
			// Where a lying timestamp overflows the difference, the result is
			// far beyond the last column too.
			offset := int64(sample.Timestamp) - start
			t := offset / step
			if offset < 0 || offset%step != 0 || t >= int64(w.Steps) {
				return found, fmt.Errorf("series %v has a sample at %v, which is not a requested time",
					series.Metric, sample.Timestamp.Time().UTC())
			}
			if t < next {
				return found, fmt.Errorf("series %v has samples out of order or twice at %v",
					series.Metric, sample.Timestamp.Time().UTC())
			}
			next = t + 1

			v := float64(sample.Value)
			switch {
			case math.IsNaN(v):
				continue
			case math.IsInf(v, 0) || v < 0:
				found.impossible++
				continue
			}
			w.Set(row, int(t), c, v)
			if at := w.Time(int(t)); at.After(found.newest) {
				found.newest = at
			}
		}
	}
	found.similar = similar(w, owned, foreign)
	return found, nil
}

// lack returns an error if no service has a sample, or none at the end of w.
// Rates and wrapped gauges look back for RateWindow, so a missing last column
// means that nothing was scraped for about that long.
func (f findings) lack(w *estimator.Window) *Error {
	switch {
	case f.series == 0:
		return wrong(NoData, nil, "the query returns no series")
	case f.known == 0:
		return wrong(NoData, nil, "none of the %d series is of one of the %d services, such as %s; one is %v",
			f.series, len(w.Services), w.Services[0], f.foreign)
	case f.newest.IsZero():
		return wrong(NoData, nil, "the %d series of the %d services have no usable sample", f.known, len(w.Services))
	case f.newest.Before(w.End):
		e := wrong(Stale, nil, "no service has a sample at %s, the newest is %v older: check that Prometheus scrapes them and that the clocks agree",
			w.End.Format(time.RFC3339), w.End.Sub(f.newest))
		e.lag = w.End.Sub(f.newest)
		return e
	}
	return nil
}

func serviceOf(m model.Metric, namespace, workload model.LabelName) estimator.Service {
	return estimator.Service{Namespace: string(m[namespace]), Name: string(m[workload])}
}

package record

import (
	"fmt"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// notices are the findings of telemetry, each printed once. Missing data is
// reported in the summary.
type notices struct {
	line func(format string, args ...any)
	// found holds the last finding of each text.
	found []*telemetry.Error
}

func (n *notices) add(f *telemetry.Error) {
	for i, before := range n.found {
		if before.Error() == f.Error() {
			n.found[i] = f
			return
		}
	}
	n.found = append(n.found, f)
	if f.Kind != telemetry.NoData && f.Kind != telemetry.Stale {
		n.line("warning: %s", f.Explain())
	}
}

// why returns the last finding about one of the queries, or that there is no
// data.
func (n *notices) why(queries ...string) string {
	for _, query := range queries {
		for _, f := range n.found {
			if f.Feature == query {
				return f.Explain()
			}
		}
	}
	return telemetry.NoData.Error()
}

// whyEmpty returns the last finding about the features, or that there is no
// data.
func (n *notices) whyEmpty(features []estimator.Feature) error {
	for _, feature := range features {
		for _, f := range n.found {
			if f.Feature == string(feature) {
				return f
			}
		}
	}
	return telemetry.NoData
}

// summarise prints what was read, or written, and what is missing.
func (r *recording) summarise(w *estimator.Window, graph []estimator.Edge) {
	var gaps, silent []string
	ofService := make([]int, len(w.Services))
	for c, f := range w.Features {
		n := 0
		for s := range w.Services {
			for t := range w.Steps {
				present := known([]float64{w.At(s, t, c)})
				ofService[s] += present
				n += present
			}
		}
		if n == 0 {
			r.progress.line("warning: the column %s is empty: %s", f, r.notices.why(string(f)))
		}
		if all := w.Steps * len(w.Services); n < all {
			gaps = append(gaps, fmt.Sprintf("%.1f %% of %s", 100*float64(all-n)/float64(all), f))
		}
	}
	for s, n := range ofService {
		if n == 0 {
			silent = append(silent, w.Services[s].String())
		}
	}
	if len(silent) > 0 {
		r.progress.line("warning: there is no data at all for %s: check the names in --services", strings.Join(silent, ", "))
	}
	missing := ""
	if len(gaps) > 0 {
		missing = "; missing: " + strings.Join(gaps, ", ")
	}
	done := "read"
	if r.seriesOut != "" {
		done = "wrote " + r.seriesOut
	}
	r.progress.line("%s: %d steps of %d services from %s to %s%s", done, w.Steps, len(w.Services),
		w.Time(0).Format(time.RFC3339), w.End.Format(time.RFC3339), missing)
	if r.graphOut == "" {
		return
	}
	if len(graph) == 0 {
		r.progress.line("warning: no call between the services is known: %s", r.notices.why(telemetry.CallsQuery, telemetry.JaegerQuery))
	}
	r.progress.line("wrote %s: %d edges", r.graphOut, len(graph))
}

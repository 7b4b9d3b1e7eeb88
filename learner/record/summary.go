package record

import (
	"errors"
	"fmt"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// present returns the number of samples by service and feature, N·C.
func (j *journal) present(features int) []int {
	out := make([]int, len(j.Services)*features)
	for _, c := range j.chunks {
		for i, n := range c.Present {
			out[i] += n
		}
	}
	return out
}

// empty reports a range without any sample.
func (r *recording) empty() bool {
	for _, n := range r.journal.present(len(r.features)) {
		if n > 0 {
			return false
		}
	}
	return true
}

// whyEmpty returns what was last said about the absence of the features.
func (r *recording) whyEmpty() error {
	for _, f := range r.features {
		if err, ok := r.notices.missing[string(f)]; ok {
			return fmt.Errorf("%s: %w", f, err)
		}
	}
	return telemetry.NoData
}

// summarise says what was written, and what of it is missing.
func (r *recording) summarise() {
	j, say := r.journal, r.progress.say
	samples := j.present(len(r.features))
	var gaps, silent []string
	for c, f := range r.features {
		n := 0
		for s := range j.Services {
			n += samples[s*len(r.features)+c]
		}
		if n == 0 {
			err := r.notices.missing[string(f)]
			if err == nil {
				err = telemetry.NoData
			}
			say("warning: the column %s is empty: %v", f, err)
		}
		if all := j.Steps * len(j.Services); n < all {
			gaps = append(gaps, fmt.Sprintf("%.1f %% of %s", 100*float64(all-n)/float64(all), f))
		}
	}
	for s, name := range j.Services {
		n := 0
		for c := range r.features {
			n += samples[s*len(r.features)+c]
		}
		if n == 0 {
			silent = append(silent, name)
		}
	}
	if len(silent) > 0 {
		say("warning: there is no data at all about %s: check the names in --services", strings.Join(silent, ", "))
	}
	missing := ""
	if len(gaps) > 0 {
		missing = "; missing: " + strings.Join(gaps, ", ")
	}
	say("wrote %s: %d steps of %d services from %s to %s%s", r.out, j.Steps, len(j.Services), r.at(0), r.at(j.Steps-1), missing)
	if r.graphOut == "" {
		return
	}
	if r.edges == 0 {
		why := errors.Join(r.notices.missing[telemetry.CallsQuery], r.notices.missing["jaeger"])
		if why == nil {
			why = telemetry.NoData
		}
		say("warning: no call between the services is known: %v", why)
	}
	say("wrote %s: %d edges", r.graphOut, r.edges)
}

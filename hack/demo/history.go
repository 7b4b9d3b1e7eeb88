package main

import (
	"fmt"
	"io"
	"time"
)

// history collects the snapshots for the summary.
type history struct {
	last      snapshot
	peak      float64        // offered requests per second
	mostReady map[string]int // by service
	scaleOuts int            // changes of the replicas that HPAs asked for
	asked     map[string]int32
	errors    int // reads of the metric that failed after the first success
}

func (h *history) add(s snapshot) {
	if h.mostReady == nil {
		h.mostReady, h.asked = map[string]int{}, map[string]int32{}
	}
	h.last, h.peak = s, max(h.peak, s.offered)
	for _, r := range s.rows {
		h.mostReady[r.service] = max(h.mostReady[r.service], r.ready)
		if before, seen := h.asked[r.service]; seen && r.current > before {
			h.scaleOuts++
		}
		h.asked[r.service] = r.current
		if r.desired == failed {
			h.errors++
		}
	}
}

// write prints what happened in the run.
func (h *history) write(w io.Writer) error {
	if h.mostReady == nil {
		_, err := fmt.Fprintln(w, "summary: the run ended before the first table")
		return err
	}
	most := 0
	for _, n := range h.mostReady {
		most += n
	}
	_, err := fmt.Fprintf(w, "\nsummary: %v under load, at most %.0f requests/s; HPAs scaled out %d times, to at most %d pods of %d services;\n"+
		"SLO of %v violated %.1f %% of the time; %.3f core-hours; %d reads of the metric failed.\n",
		h.last.elapsed.Round(time.Second), h.peak, h.scaleOuts, most, len(h.mostReady), h.last.slo, 100*h.last.violation, h.last.cores, h.errors)
	return err
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// row is what the demo shows about one service.
type row struct {
	service  string
	requests float64       // answered per second
	latency  time.Duration // mean response time; 0 when nothing was answered
	ready    int           // ready pods
	current  int32         // replicas the HPA has asked for
	desired  string        // deepscaler_desired_replicas, or "error"
	source   source        // of that number
}

// snapshot is the state of the application at one moment.
type snapshot struct {
	elapsed   time.Duration
	rows      []row
	offered   float64       // requests per second sent by users
	response  time.Duration // mean end-to-end response time over the last seconds
	slo       time.Duration
	violation float64 // fraction of the run so far spent above the SLO
	cores     float64 // core-hours used by ready pods so far
	planning  planning
	events    []string // hand-overs, the newest last
}

// sla returns in one word whether the SLO holds right now.
func (s snapshot) sla() string {
	switch {
	case s.response == 0:
		return "no traffic yet"
	case s.response > s.slo:
		return "VIOLATED"
	}
	return "met"
}

// write prints the table, one line per service and one for the application.
func (s snapshot) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  offered %.0f requests/s   response %s   SLO %s: %s   violated %.1f %% of the time   %.3f core-hours\n\n",
		clock(s.elapsed), s.offered, milliseconds(s.response), s.slo, s.sla(), 100*s.violation, s.cores)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "SERVICE\tREQUESTS/S\tLATENCY\tREADY\tHPA\tDESIRED\tESTIMATOR\tMODEL\tTRUST\t")
	for _, r := range s.rows {
		fmt.Fprintf(t, "%s\t%.1f\t%s\t%d\t%d\t%s\t%s\t%.8s\t%s\t\n", r.service, r.requests, milliseconds(r.latency), r.ready, r.current, r.desired,
			cmp.Or(r.source.estimator, "-"), cmp.Or(r.source.model, "-"), percent(s.planning.trust))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\n", fold("learner   "+s.planning.learner))
	if s.planning.graph != "" {
		fmt.Fprintf(&b, "%s\n", fold("affinity  the strongest "+string(s.planning.graph)))
	}
	for _, e := range s.events {
		fmt.Fprintln(&b, e)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// percent returns a share, "-" for NaN.
func percent(share float64) string {
	if math.IsNaN(share) {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

func milliseconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + "ms"
}

func clock(d time.Duration) string {
	s := int(d / time.Second)
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

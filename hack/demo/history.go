package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// history collects the snapshots for the summary.
type history struct {
	last      snapshot
	peak      float64        // offered requests per second
	mostReady map[string]int // by service
	scaleOuts int            // changes of the replicas that HPAs asked for
	asked     map[string]int32
	errors    int // reads of the metric that failed after the first success

	changes []time.Duration // of the mix, in the order of time
	asIt    *snapshot       // was before the last change of the mix

	model    string      // that plans now
	learned  [2]affinity // of the first one and of the last one that planned
	handover snapshot    // at the first hand-over
	models   int         // that have served
	events   []string
}

func (h *history) add(s snapshot) {
	if h.mostReady == nil {
		h.mostReady, h.asked = map[string]int{}, map[string]int32{}
	}
	before := h.last
	h.last, h.peak = s, max(h.peak, s.offered)
	if len(h.changes) > 0 && s.elapsed >= h.changes[0] {
		h.changes, h.asIt = h.changes[1:], &before
		h.events = append(h.events, clock(s.elapsed)+"  ~~~ THE MIX CHANGES: users take other journeys, so load moves to other services")
	}
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
	h.follow(s)
}

// follow notes when another model, or none, plans.
func (h *history) follow(s snapshot) {
	if s.planning.graph != "" {
		h.learned = [2]affinity{cmp.Or(h.learned[0], s.planning.graph), s.planning.graph}
	}
	now := s.planning.model()
	if now == h.model || len(s.planning.sources) == 0 {
		return
	}
	switch {
	case now == "":
		h.events = append(h.events, fmt.Sprintf("%s  <<< queueing theory (hab) plans all services again, until the model is trusted", clock(s.elapsed)))
	case h.models == 0:
		h.handover = s
		fallthrough
	default:
		h.models++
		h.events = append(h.events, fmt.Sprintf("%s  >>> HAND-OVER: the network %.8s, learned on the way, plans from here on", clock(s.elapsed), now))
	}
	h.model = now
}

// shown is the number of events under the table.
const shown = 4

func (h *history) recent() []string { return h.events[max(0, len(h.events)-shown):] }

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
		"SLO of %v violated %.1f %% of the time; %.3f core-hours; %d reads of the metric failed.\n\n%s\n",
		h.last.elapsed.Round(time.Second), h.peak, h.scaleOuts, most, len(h.mostReady), h.last.slo, 100*h.last.violation, h.last.cores, h.errors, h.explanation())
	return err
}

// explanation says to a newcomer what the run has shown.
func (h *history) explanation() string {
	text := "What you saw: users sent requests to the first service, which calls the others. Every two seconds DeepScaler read the telemetry " +
		"of all services from Prometheus, computed how many replicas each will need when new pods are ready, and published that as one metric. " +
		"Stock HorizontalPodAutoscalers scaled the Deployments to it. At first queueing theory (hab) made the numbers, which needs no training. "
	before, after := h.handover, h.last
	spent := after.elapsed - before.elapsed
	unbroken := ""
	if h.errors == 0 {
		unbroken = " and without a failed read of the metric"
	}
	switch {
	case h.models == 0 && strings.HasPrefix(after.planning.learner, string(exchange.Failed)):
		return fold(text + "Beside it a learner waited for enough history, but could not train, so queueing theory serves on, which is all that " +
			"such a failure costs. The learner's last word was: " + after.planning.learner + ".")
	case h.models == 0:
		text += "Beside it a learner waited for enough history, and no network that it trained has beaten queueing theory on minutes that were held back, " +
			"so none took over. That is the rule: what serves is replaced only by something better. The learner's last word was: " + after.planning.learner + "."
		return fold(text)
	case h.models == 1:
		text += fmt.Sprintf("Beside it a learner trained the paper's network on what it saw, and tested it on minutes that were held back. "+
			"After %s it was better than queueing theory there, so it took over, on all services together%s. ", clock(before.elapsed), unbroken)
	default:
		text += fmt.Sprintf("Beside it a learner trained the paper's network on what it saw, and tested it on minutes that were held back. "+
			"After %s it was better than queueing theory there, so it took over, on all services together%s; "+
			"with what came later %d more followed. ", clock(before.elapsed), unbroken, h.models-1)
	}
	if spent > time.Minute && before.elapsed > time.Minute {
		late := (after.violation*after.elapsed.Seconds() - before.violation*before.elapsed.Seconds()) / spent.Seconds()
		text += fmt.Sprintf("The SLO was violated %.1f %% of the time before the hand-over and %.1f %% after it, with %.2f and %.2f cores in the mean. ",
			100*before.violation, 100*max(0, late), before.cores/before.elapsed.Hours(), (after.cores-before.cores)/spent.Hours())
	}
	if h.asIt != nil {
		text += fmt.Sprintf("At %s users began to take other journeys. ", clock(h.asIt.elapsed))
		if moved := h.moved(); moved != "" {
			text += "Most load moved to " + moved + ". "
		}
		text += fmt.Sprintf("Trust in the network was %s then and is %s now; whenever it is low, queueing theory plans until the learner has learned the new mix. ",
			percent(h.asIt.planning.trust), percent(after.planning.trust))
	}
	if first, last := string(h.learned[0]), string(h.learned[1]); last != "" {
		text += "Which services help to predict which others is learned, too, and how much. The strongest in the end: " + last + ". "
		if first != last {
			text += "At first: " + first + ". "
		}
	}
	if h.errors > 0 {
		text += "While a read failed, the HPAs kept their replicas: DeepScaler answers an error instead of an old number. "
	}
	return fold(text + "In a cluster the same takes hours instead of minutes, and all you do is kubectl apply.")
}

// moved returns the service whose share of the requests has grown most since the mix
// changed, and by how much.
func (h *history) moved() string {
	share := func(s snapshot) map[string]float64 {
		out := map[string]float64{}
		for _, r := range s.rows {
			out[r.service] = r.requests / s.rows[0].requests
		}
		return out
	}
	before, after := share(*h.asIt), share(h.last)
	most, growth := "", 1.0
	for name, now := range after {
		if g := now / before[name]; g > growth && !math.IsInf(g, 1) {
			most, growth = name, g
		}
	}
	if most == "" {
		return ""
	}
	return fmt.Sprintf("%s, which gets %.1f times as many requests per request of a user", most, growth)
}

// fold breaks a text into lines.
func fold(text string) string {
	const width = 100
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case at == 0:
		case at+1+len(word) > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}

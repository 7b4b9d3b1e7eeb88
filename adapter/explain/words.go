package explain

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/adapter/tick"
)

// words says what is known about a service.
func words(s Service, a Application, d *Detail) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch {
	case s.Problem != "":
		say("There is no number for %s: %s.", s.Name, s.Problem)
	case s.Need.Known():
		say("%s is to have %d replicas: within the next %v it needs %s%s.", s.Name, *s.Desired, time.Duration(d.Lead), s.Need.text(2), limit(s))
	default:
		say("%s is to have %d replicas, since it has no pods now and its autoscaler allows that.", s.Name, *s.Desired)
	}
	if s.Served != nil {
		say("It is in shadow: its autoscaler is told %d, so that nothing changes.", *s.Served)
	}
	say("%s.", strings.Join(present(d), ", "))
	switch {
	case s.Estimator == tick.Network:
		say("The model %s forecast the need%s; queueing theory alone would say %s.", short(s.Model), band(d), d.Theory.text(2))
	case s.Estimator != "":
		say("Queueing theory (%s) forecast the need.", s.Estimator)
	}
	if t := a.Trust; t != nil {
		say("The trust in the model is %s (%s), because %s.", t.Value.text(2), t.Level, t.Reason)
	}
	if math.Abs(float64(d.Season)) >= 0.05 {
		say("The season of the load changes the need by %+.2f replicas.", float64(d.Season))
	}
	if moved := effects(s.Name, d.Neighbours); moved != "" {
		say("%s", moved)
	}
	if d.Elsewhere > 0 {
		say("%d more of its neighbours are in other namespaces.", d.Elsewhere)
	}
	return all
}

// limit says what led from the need to the number.
func limit(s Service) string {
	switch s.Clamp {
	case "min":
		return fmt.Sprintf(", and its autoscaler keeps at least %d", s.Min)
	case "max":
		return fmt.Sprintf(", but its autoscaler allows %d at most", s.Max)
	case "pods":
		return ", but its ready pods are overloaded while others start, so none are removed"
	case "hold":
		return ", but the load has just fallen, so pods are kept for the next rise"
	case "pace":
		return ", but the forecast is not fully trusted, so few pods are removed at a time"
	}
	return ""
}

// present says what the inputs are now.
func present(d *Detail) (all []string) {
	for _, in := range d.Inputs {
		now := in.Values[len(in.Values)-1]
		if !now.Known() {
			all = append(all, "its "+in.Feature+" cannot be seen")
			continue
		}
		switch in.Feature {
		case "replicas":
			all = append(all, "now "+now.text(0)+" pods are ready")
		case "cpu":
			all = append(all, fmt.Sprintf("they use %.0f %% of their CPU limit (usually %.0f %%)", 100*float64(now), 100*float64(in.Usual)))
		case "memory":
			all = append(all, fmt.Sprintf("%.0f %% of their memory limit", 100*float64(now)))
		case "latency":
			all = append(all, fmt.Sprintf("a request takes %.3g ms (usually %.3g ms)", 1000*float64(now), 1000*float64(in.Usual)))
		case "requests":
			all = append(all, fmt.Sprintf("%.3g requests/s are answered (usually %.3g)", float64(now), float64(in.Usual)))
		}
	}
	if len(all) > 0 {
		all[0] = strings.ToUpper(all[0][:1]) + all[0][1:]
	}
	return all
}

// band says how wide the forecast is.
func band(d *Detail) string {
	most := make([]float64, len(d.Levels))
	for _, c := range d.Horizon {
		for i, q := range c.Quantiles {
			most[i] = max(most[i], float64(q))
		}
	}
	var parts []string
	for i, level := range d.Levels {
		parts = append(parts, fmt.Sprintf("%.2f at the quantile %v", most[i], level))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// effects says which neighbours moved the need.
func effects(self string, all []Neighbour) string {
	var parts []string
	for _, n := range all {
		if math.Abs(float64(n.Effect)) >= 0.05 { // false for NaN
			name := n.Name
			if name == self {
				name = "its own load"
			}
			parts = append(parts, fmt.Sprintf("%s %+.2f", name, float64(n.Effect)))
		}
	}
	switch {
	case len(all) == 0:
		return ""
	case len(parts) == 0:
		return "No neighbour moved it: all are as usual in this window."
	}
	return "Moved by what is not as usual: " + strings.Join(parts, ", ") + " replicas."
}

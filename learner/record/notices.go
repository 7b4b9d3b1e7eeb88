package record

import (
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// maxNotices is how many different warnings of one source are printed.
const maxNotices = 3

// notices print warnings once, and not at all those that the summary covers.
type notices struct {
	say     func(format string, args ...any)
	seen    map[string]bool
	printed map[string]int
	// missing says why a source last had no data.
	missing map[string]error
}

func newNotices(say func(format string, args ...any)) *notices {
	return &notices{say: say, seen: map[string]bool{}, printed: map[string]int{}, missing: map[string]error{}}
}

func (n *notices) warn(w *telemetry.Error) {
	if absent(w) {
		n.missing[w.Feature] = w
		return
	}
	if text := w.Explain(); !n.seen[text] && n.printed[w.Feature] < maxNotices {
		n.seen[text] = true
		n.printed[w.Feature]++
		n.say("warning: %s", text)
		if n.printed[w.Feature] == maxNotices {
			n.say("warning: further warnings about %s are not shown", w.Feature)
		}
	}
}

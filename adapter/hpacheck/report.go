package hpacheck

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// repeat is the time after which an unchanged problem is reported again. It is a
// little less than the hour for which kube-apiserver keeps Events by default, so
// kubectl describe always shows the problem.
const repeat = 50 * time.Minute

// Reporter reports problems once, and again when they change or their Event
// would expire. It is not safe for concurrent use.
type Reporter struct {
	recorder record.EventRecorder
	clock    clock.PassiveClock
	said     map[types.UID]map[string]statement
}

type statement struct {
	message string
	at      time.Time
}

// NewReporter returns a reporter that has reported nothing yet.
func NewReporter(recorder record.EventRecorder, c clock.PassiveClock) *Reporter {
	return &Reporter{recorder: recorder, clock: c, said: map[types.UID]map[string]statement{}}
}

// Report checks all autoscalers of s and returns how many have a problem.
func (r *Reporter) Report(s discovery.Snapshot, elsewhere Elsewhere) int {
	misconfigured := 0
	said := make(map[types.UID]map[string]statement, len(r.said))
	for _, hpa := range s.Autoscalers {
		problems := Check(hpa, s, elsewhere)
		if len(problems) == 0 {
			continue
		}
		misconfigured++
		said[hpa.UID] = map[string]statement{}
		for _, p := range problems {
			last, known := r.said[hpa.UID][p.Reason]
			if !known || last.message != p.Message || r.clock.Since(last.at) >= repeat {
				r.recorder.Event(hpa, corev1.EventTypeWarning, p.Reason, p.Message)
				last = statement{p.Message, r.clock.Now()}
			}
			said[hpa.UID][p.Reason] = last
		}
	}
	r.said = said
	return misconfigured
}

package adapter

import (
	"context"
	"maps"
	"strings"
	"sync"

	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// journal logs what changes, not what goes on: at a tick every few seconds, a
// line per tick and application would bury the one that matters.
type journal struct {
	mu       sync.Mutex
	failures map[string]string // by application; "" after a plan
	warnings map[string]string // by application
}

func newJournal() *journal {
	return &journal{failures: map[string]string{}, warnings: map[string]string{}}
}

// ticked logs that an application has lost its plan, has another reason for
// having none, or has one at last or again.
func (j *journal) ticked(ctx context.Context, r tick.Result) {
	reason := ""
	if r.Err != nil {
		reason = r.Err.Error()
	}
	before, known := j.swap(j.failures, r.Application, reason)
	logger := klog.FromContext(ctx).WithValues("application", r.Application)
	switch {
	case r.Err != nil && (!known || before != reason):
		logger.Error(r.Err, "Application has no plan; its autoscalers hold until it has one", "detail", telemetry.Explain(r.Err))
	case r.Err == nil && (!known || before != ""):
		logger.Info("Application has a plan", "services", r.Plan.Len(), "took", r.Took)
	default:
		logger.V(2).Info("Tick ended", "err", r.Err, "took", r.Took)
	}
}

// windowRead logs problems of an application's telemetry that are new.
func (j *journal) windowRead(ctx context.Context, application string, warnings []*telemetry.Error) {
	problems, details := make([]string, len(warnings)), make([]string, len(warnings))
	for i, w := range warnings {
		problems[i], details[i] = w.Error(), w.Explain()
	}
	text := strings.Join(problems, "; ")
	if before, _ := j.swap(j.warnings, application, text); before != text {
		klog.FromContext(ctx).Info("Telemetry of application has changed in quality", "application", application,
			"problems", strings.Join(details, "; "))
	}
}

// discovered forgets applications that are gone.
func (j *journal) discovered(s discovery.Snapshot) {
	present := map[string]bool{}
	for _, a := range s.Applications {
		present[a.Name] = true
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, m := range []map[string]string{j.failures, j.warnings} {
		maps.DeleteFunc(m, func(application, _ string) bool { return !present[application] })
	}
}

func (j *journal) swap(m map[string]string, application, text string) (before string, known bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	before, known = m[application]
	m[application] = text
	return before, known
}

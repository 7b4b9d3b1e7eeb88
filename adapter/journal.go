package adapter

import (
	"context"
	"maps"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// journal logs changes only. With a tick every few seconds, a line per tick and
// application would bury the one that matters. It compares the stable texts of
// errors, and logs their details.
type journal struct {
	recorder record.EventRecorder
	// slo returns the response time that an application must keep, 0 for none.
	slo func(application string) time.Duration

	mu       sync.Mutex
	snapshot discovery.Snapshot
	// The last logged texts, by application; "" at the start.
	failures, problems, estimators, trust map[string]string
	shadow                                map[string]string // by service
}

var _ tick.Observer = (*journal)(nil)

func newJournal(recorder record.EventRecorder, slo func(application string) time.Duration) *journal {
	return &journal{recorder: recorder, slo: slo, failures: map[string]string{}, problems: map[string]string{}, estimators: map[string]string{}, trust: map[string]string{}, shadow: map[string]string{}}
}

// StageTook implements [tick.Observer].
func (j *journal) StageTook(tick.Stage, time.Duration) {}

// planned takes the place of a failure's text after a success.
const planned = "planned"

// Ticked logs when the ticks of an application begin to fail, fail for another
// reason, or succeed for the first time or again.
func (j *journal) Ticked(ctx context.Context, r tick.Result) {
	logger := klog.FromContext(ctx).WithValues("application", r.Application)
	if f := r.Failure; f != nil {
		if j.changed(j.failures, r.Application, f.Error()) {
			logger.Error(f, "Tick of application failed; its last plan is served until it is two steps old, then its autoscalers hold",
				"stage", f.Stage, "detail", f.Detail())
		}
		return
	}
	if j.changed(j.failures, r.Application, planned) {
		logger.Info("Application has a plan", "services", r.Plan.Len(), "took", r.Took)
	}
	logger.V(2).Info("Tick ended", "took", r.Took)
}

// reasonLatencyUnknown is the reason of the Event on every autoscaler of an
// application whose SLO has no effect, because latency is not measured.
const reasonLatencyUnknown = "LatencyUnknown"

// WindowRead logs problems of an application's telemetry that are new, and makes
// Events when an SLO is planned without latency.
func (j *journal) WindowRead(ctx context.Context, application string, _ float64, problems []*telemetry.Error) {
	texts, details := make([]string, len(problems)), make([]string, len(problems))
	for i, p := range problems {
		texts[i], details[i] = p.Error(), p.Explain()
	}
	if !j.changed(j.problems, application, strings.Join(texts, "; ")) {
		return
	}
	klog.FromContext(ctx).Info("The quality of an application's telemetry has changed", "application", application,
		"problems", strings.Join(details, "; "))
	for _, p := range problems {
		if p.Feature != string(estimator.Latency) || p.Kind != telemetry.NoData || j.slo(application) == 0 {
			continue
		}
		for _, hpa := range j.autoscalers(application) {
			j.recorder.Eventf(hpa, corev1.EventTypeWarning, reasonLatencyUnknown,
				"The SLO of application %q has no effect, so that its services are planned by utilisation alone: %v", application, p)
		}
	}
}

// reasonEstimatorFailed is the reason of the Event for a failed estimator, on
// every autoscaler of its application.
const reasonEstimatorFailed = "EstimatorFailed"

// Estimated logs when estimators begin to fail or work again, and sends Events
// about failures.
func (j *journal) Estimated(ctx context.Context, application string, estimators []string, o estimator.Origin) {
	var failed, details []string
	for i, err := range o.Errors {
		if err != nil {
			failed = append(failed, estimators[i])
			details = append(details, err.Error())
		}
	}
	text := strings.Join(failed, ", ")
	if !j.changed(j.estimators, application, text) {
		return
	}
	logger := klog.FromContext(ctx).WithValues("application", application)
	if text == "" {
		logger.Info("All estimators work again")
		return
	}
	logger.Error(nil, "Estimator failed; the next one serves", "estimators", text, "detail", strings.Join(details, "; "))
	for _, hpa := range j.autoscalers(application) {
		j.recorder.Eventf(hpa, corev1.EventTypeWarning, reasonEstimatorFailed,
			"Estimator %s of application %q failed, so the next one plans its services: see the adapter's log", text, application)
	}
}

// Planned logs when the level of trust in an application's model changes, and every change
// of what is planned for its services in shadow.
func (j *journal) Planned(ctx context.Context, b *tick.Basis) {
	j.shadowed(ctx, b)
	v, level := b.Verdict, ""
	if !math.IsNaN(v.Trust) {
		level = v.Level.String()
	}
	if !j.changed(j.trust, b.Application, level) || level == "" {
		return
	}
	klog.FromContext(ctx).Info("The trust in an application's model has changed", "application", b.Application,
		"level", level, "trust", v.Trust, "because", v.Reason)
}

func (j *journal) shadowed(ctx context.Context, b *tick.Basis) {
	for _, s := range j.inShadow(b.Application) {
		d, known := b.Plan.Decision(s.Service)
		if !known || d.Err != nil || !j.changed(j.shadow, s.String(), strconv.Itoa(d.Replicas)) {
			continue
		}
		logger := klog.FromContext(ctx).WithValues("application", b.Application, "service", s.Service)
		if s.Pods != nil {
			logger = logger.WithValues("present", *s.Pods)
		}
		logger.Info("Planned in shadow", "replicas", d.Replicas, "need", d.Need, "estimator", d.Source.Estimator)
	}
}

// inShadow returns the services of an application that are in shadow.
func (j *journal) inShadow(application string) (found []discovery.Service) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, a := range j.snapshot.Applications {
		for _, s := range a.Services {
			if a.Name == application && s.InShadow() {
				found = append(found, s)
			}
		}
	}
	return found
}

// discovered drops the state of applications that are gone.
func (j *journal) discovered(s discovery.Snapshot) {
	present := s.Names()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.snapshot = s
	services := map[string]bool{}
	for _, a := range s.Applications {
		for _, service := range a.Services {
			services[service.String()] = service.InShadow()
		}
	}
	maps.DeleteFunc(j.shadow, func(service, _ string) bool { return !services[service] })
	for _, m := range []map[string]string{j.failures, j.problems, j.estimators, j.trust} {
		maps.DeleteFunc(m, func(application, _ string) bool { return !present[application] })
	}
}

// autoscalers returns those that scale the services of an application.
func (j *journal) autoscalers(application string) (found []*autoscalingv2.HorizontalPodAutoscaler) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, a := range j.snapshot.Applications {
		if a.Name == application {
			for _, s := range a.Services {
				found = append(found, j.snapshot.Scalers[s.Service])
			}
		}
	}
	return found
}

// changed stores a text about an application and reports whether it differs from
// the last one.
func (j *journal) changed(m map[string]string, application, text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	before := m[application]
	m[application] = text
	return before != text
}

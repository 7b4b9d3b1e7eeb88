package adapter

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/modelstore"
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// modelNews reports the fate of models: in the log, in metrics and, if a user has
// to act, in Events.
type modelNews struct {
	journal *journal
	metrics *selfmetrics.Metrics

	mu      sync.Mutex
	failure string // what was logged last
}

var _ modelstore.Observer = (*modelNews)(nil)

// reasonModelRefused is the reason of the Event about a refused model, on every
// autoscaler of its application.
const reasonModelRefused = "ModelRefused"

// The reasons of Events about what the learner reports, on every autoscaler of its
// application.
const (
	reasonModelPublished = "ModelPublished"
	reasonModelRejected  = "ModelRejected"
)

// ModelServes implements [modelstore.Observer].
func (n *modelNews) ModelServes(ctx context.Context, application string, m *modelstore.Model) {
	logger := klog.FromContext(ctx).WithValues("application", application)
	if m == nil {
		n.metrics.ModelServes(application, "", time.Time{})
		logger.Info("No model serves; queueing theory does")
		return
	}
	n.metrics.ModelServes(application, m.Hash, m.Trained)
	logger.Info("Another model serves", "model", m.Hash, "trained", m.Trained)
}

// ModelRefused implements [modelstore.Observer].
func (n *modelNews) ModelRefused(ctx context.Context, application, hash string, err error) {
	n.metrics.ModelRefused(application)
	klog.FromContext(ctx).Error(err, "Refused a model; the previous one still serves", "application", application, "model", hash)
	for _, hpa := range n.journal.autoscalers(application) {
		n.journal.recorder.Eventf(hpa, corev1.EventTypeWarning, reasonModelRefused,
			"Model %.12s of application %q may not serve, so the previous one still serves: %v", hash, application, err)
	}
}

// ModelPublished implements [modelstore.Observer].
func (n *modelNews) ModelPublished(ctx context.Context, r *exchange.Report, from time.Time) {
	n.metrics.ModelPublished(r.Application)
	klog.FromContext(ctx).Info("Published a model", "application", r.Application, "model", r.Model, "from", from, "trained", r.Reason, "because", r.Verdict)
	n.tell(r, reasonModelPublished, fmt.Sprintf("serves from %s", from.UTC().Format(time.RFC3339)))
}

// ModelJudged implements [modelstore.Observer].
func (n *modelNews) ModelJudged(ctx context.Context, r *exchange.Report) {
	n.metrics.ModelRejected(r.Application)
	klog.FromContext(ctx).Info("The learner kept a model back", "application", r.Application, "model", r.Model, "trained", r.Reason, "because", r.Verdict)
	n.tell(r, reasonModelRejected, "does not serve")
}

// tell makes an Event of a report on every autoscaler of its application.
func (n *modelNews) tell(r *exchange.Report, reason, fate string) {
	for _, hpa := range n.journal.autoscalers(r.Application) {
		n.journal.recorder.Eventf(hpa, corev1.EventTypeNormal, reason,
			"Model %.12s of application %q %s: it was trained because %s, and %s", r.Model, r.Application, fate, r.Reason, r.Verdict)
	}
}

// StoreFailed implements [modelstore.Observer].
func (n *modelNews) StoreFailed(ctx context.Context, err error) {
	n.metrics.ModelStoreFailing(err != nil)
	text := ""
	if err != nil {
		text = err.Error()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failure == text {
		return
	}
	n.failure = text
	if err != nil {
		klog.FromContext(ctx).Error(err, "An operation on models failed; trying again every step")
		return
	}
	klog.FromContext(ctx).Info("Operations on models succeed again")
}

// Leading implements [modelstore.Observer].
func (n *modelNews) Leading(ctx context.Context, leading bool) {
	n.metrics.Leading(leading)
	klog.FromContext(ctx).Info("Election of the replica that publishes models", "leading", leading)
}

package externalmetrics

import (
	"time"

	"github.com/deepscaler/deepscaler/estimator/plan"
)

// decide returns the decision for a service from the outcome of its application, or the API
// error that a reader gets instead: a missing, failed or stale number is an error,
// which makes the autoscaler hold. The text of an error is constant per cause,
// because the autoscaler's controller sends an Event for every new text.
func (b *Board) decide(r *row, o *Outcome) (plan.Decision, error) {
	switch {
	case o == nil:
		return plan.Decision{}, unavailable("application %q has no plan yet: the first one follows within %v",
			r.service.Application, b.step)
	case o.Plan != nil && b.fresh(o.At):
	case o.Failure != nil:
		return plan.Decision{}, unavailable("application %q has no plan: %v (details are in the adapter's log)",
			r.service.Application, o.Failure)
	default:
		return plan.Decision{}, unavailable("the plan of application %q is more than %v old: see the adapter's log for why it stopped planning",
			r.service.Application, b.maxAge)
	}
	d, known := o.Plan.Decision(r.service.Service)
	if !known {
		return plan.Decision{}, unavailable("service %q joined application %q after its last plan: the next one follows within %v",
			r.service.Name, r.service.Application, b.step)
	}
	if d.Err != nil {
		return plan.Decision{}, unavailable("there is no number for service %q of application %q: %v",
			r.service.Name, r.service.Application, d.Err)
	}
	return b.held(r, d)
}

// held returns the decision as the metric serves it: in shadow the autoscaler keeps what
// it has.
func (b *Board) held(r *row, d plan.Decision) (plan.Decision, error) {
	if !r.service.InShadow() {
		return d, nil
	}
	held, known := r.service.Held()
	if !known {
		return plan.Decision{}, unavailable("service %q is in shadow, and its present number of pods is not known yet", r.service.Name)
	}
	d.Shadow, d.Replicas = new(d.Replicas), held
	return d, nil
}

// fresh reports whether a publication at the given time is still valid. A large
// negative age means that the clock was set back; such a plan is not valid
// either.
func (b *Board) fresh(at time.Time) bool {
	age := b.clock.Since(at)
	return age <= b.maxAge && age >= -b.maxAge
}

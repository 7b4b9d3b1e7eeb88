package externalmetrics

import (
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/deepscaler/deepscaler/estimator/plan"
)

// decide returns the decision for a service and the plan it belongs to, or the
// API error that a reader gets instead: a number that is missing, failed or
// stale is an error, which makes the autoscaler hold.
func (b *Board) decide(r *row) (plan.Decision, *plan.Plan, error) {
	o := r.latest.Load()
	if o == nil {
		return plan.Decision{}, nil, unavailable("application %q has no plan yet: the first one follows within %v",
			r.service.Application, b.step)
	}
	if o.Err != nil {
		return plan.Decision{}, nil, unavailable("application %q has no plan: %v", r.service.Application, o.Err)
	}
	// A negative age is a clock that was set back; such a plan is not
	// trustworthy either.
	if age := b.clock.Since(o.At); age > b.maxAge || age < -b.maxAge {
		return plan.Decision{}, nil, unavailable("the plan of application %q is %v old, more than the %v it is good for: see the adapter's log for why it stopped planning",
			r.service.Application, age.Round(time.Second), b.maxAge)
	}
	d, known := o.Plan.Decision(r.service.Service)
	if !known {
		return plan.Decision{}, nil, unavailable("service %q joined application %q after its last plan: the next one follows within %v",
			r.service.Name, r.service.Application, b.step)
	}
	if d.Err != nil {
		return plan.Decision{}, nil, unavailable("nothing is known about service %q of application %q: %v",
			r.service.Name, r.service.Application, d.Err)
	}
	return d, o.Plan, nil
}

// unavailable returns a metav1.Status error: any other kind reaches the reader
// as an opaque internal error.
func unavailable(format string, args ...any) error {
	return apierrors.NewServiceUnavailable(fmt.Sprintf(format, args...))
}

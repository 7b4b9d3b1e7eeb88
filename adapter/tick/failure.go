package tick

import (
	"errors"
	"fmt"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Stage is a part of a tick, named in failures and metrics.
type Stage string

// The stages of a tick, in order. A tick that fails outside of them did not end
// in time.
const (
	StageWindow   Stage = "window"
	StageEstimate Stage = "estimate"
	StagePlan     Stage = "plan"
	StageDeadline Stage = "deadline"
)

// Failure is the reason why the tick of an application ended without a plan.
//
// Its text depends only on the stage and the reason. So it is the same at every
// tick of one outage, and contains nothing that readers of a namespace must not
// see. [Failure.Detail] returns the rest.
type Failure struct {
	Stage Stage
	// Reason is one of a few constant texts.
	Reason string
	// Err is the cause.
	Err error
}

// fail returns the failure of a stage by err.
func fail(s Stage, err error) *Failure { return &Failure{Stage: s, Reason: reason(s, err), Err: err} }

// Error implements error.
func (f *Failure) Error() string { return string(f.Stage) + ": " + f.Reason }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Detail returns all details of the cause, for operators: it may contain
// addresses, queries and times.
func (f *Failure) Detail() string { return telemetry.Explain(f.Err) }

// reason returns the constant text for an error.
func reason(s Stage, err error) string {
	var source *telemetry.Error
	var crash *panicked
	switch {
	case errors.As(err, &crash):
		return "a fault in DeepScaler"
	case errors.As(err, &source):
		return source.Error()
	case s == StageDeadline:
		return "not done in time"
	case s == StageEstimate && errors.Is(err, estimator.ErrInsufficientData):
		return estimator.ErrInsufficientData.Error()
	case s == StageEstimate:
		return "every estimator failed"
	case s == StagePlan:
		return "the forecast or a setting is invalid"
	}
	return "telemetry cannot be read"
}

// panicked is a panic of a stage, with its stack.
type panicked struct {
	value any
	stack []byte
}

// Error implements error.
func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

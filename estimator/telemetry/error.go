package telemetry

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Kind is a kind of problem with telemetry. Its text is constant and contains
// no time, address or query, so it can be compared, counted and shown to
// anyone. A Kind is an error itself: errors.Is(err, telemetry.NoData).
type Kind string

// The problems of a server, for any query.
const (
	// Unreachable is a server without a connection: refused, no such host, TLS.
	Unreachable Kind = "cannot be reached"
	// TimedOut is an answer that did not come within prometheus.timeout,
	// jaeger.timeout or the caller's deadline.
	TimedOut Kind = "did not answer in time"
	// Interrupted is a query whose caller has stopped waiting.
	Interrupted Kind = "the query was interrupted"
	// Denied is an answer of status 401, 403 or 407.
	Denied Kind = "refuses the credentials"
	// Limited is an answer of status 429.
	Limited Kind = "limits the rate of queries"
	// Redirected is a redirect that would lose the query (301, 302 or 303).
	Redirected Kind = "redirects to another URL"
	// Failed is an answer of status 5xx.
	Failed Kind = "failed to answer"
)

// The problems of the answer to one query.
const (
	// Rejected is a query that the server refuses or cannot finish.
	Rejected Kind = "the query is rejected"
	// Malformed is an answer that breaks the API's or the query's contract.
	Malformed Kind = "the answer is unusable"
	// TooLarge is an answer above maxResponseBytes.
	TooLarge Kind = "the answer is larger than maxResponseBytes"
	// Partial is an answer that the server declares incomplete.
	Partial Kind = "the answer is partial"
	// NoData is an answer without a usable sample of any service. Absent
	// telemetry must not count as an idle application.
	NoData Kind = "no data"
	// Stale is an answer without a sample of any service at the end of the
	// window: scraping has stopped, samples arrive late, or clocks differ.
	Stale Kind = "telemetry is stale"
	// Impossible are samples outside the range of every feature, which count as
	// missing.
	Impossible Kind = "samples are negative or infinite"
	// Ambiguous are services that the server does not distinguish.
	Ambiguous Kind = "services cannot be told apart"
	// Remark is a warning of the server about a query with a complete answer.
	Remark Kind = "the server remarks on the query"
)

// Error implements error.
func (k Kind) Error() string { return string(k) }

// ofServer reports whether k concerns the server rather than one query.
func (k Kind) ofServer() bool {
	switch k {
	case Unreachable, TimedOut, Interrupted, Denied, Limited, Redirected, Failed:
		return true
	}
	return false
}

// Transient reports whether the same query may succeed a little later.
func (k Kind) Transient() bool {
	switch k {
	case Unreachable, TimedOut, Limited, Failed, Partial:
		return true
	}
	return false
}

// JaegerQuery is the [Error.Feature] of problems with Jaeger.
const JaegerQuery = "jaeger"

// Error is a problem with telemetry. Two errors with the same cause have the
// same text, which consists of Kind, Reason and, where it matters, Feature.
type Error struct {
	// Feature is the requested feature, [CallsQuery] or [JaegerQuery].
	Feature string
	// Kind is the kind of problem.
	Kind Kind
	// Reason is the constant text of the known reason. May be empty.
	Reason Kind
	// Detail has variable information: counts, ages, the text of the server and
	// a remedy.
	Detail string
	// Query is the PromQL of the query, on one line. May be empty.
	Query string
	// Err is the cause. May be nil.
	Err error

	lag time.Duration // of the newest sample, if stale
}

// Error implements error. The text is stable; see [Error.Explain] for the rest.
func (e *Error) Error() string {
	if e.Kind.ofServer() && e.Feature != JaegerQuery {
		return "prometheus: " + string(e.Kind)
	}
	return e.text()
}

func (e *Error) text() string {
	text := e.Feature + ": " + string(e.Kind)
	if e.Reason != "" {
		text += ": " + string(e.Reason)
	}
	return text
}

// Unwrap returns Kind, Reason and the cause.
func (e *Error) Unwrap() []error {
	wrapped := []error{e.Kind}
	if e.Reason != "" {
		wrapped = append(wrapped, e.Reason)
	}
	if e.Err != nil {
		wrapped = append(wrapped, e.Err)
	}
	return wrapped
}

// Explain returns all details of e on one line, for operators: it may contain
// addresses and PromQL.
func (e *Error) Explain() string {
	text := e.text()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Query != "" {
		text += "; query: " + e.Query
	}
	return text
}

// Explain returns [Error.Explain] of the telemetry error inside err, with the
// rest of err's text. Without one it returns the text of err.
func Explain(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return strings.Replace(err.Error(), e.Error(), e.Explain(), 1)
}

// wrong returns an error without its feature, which the caller adds.
func wrong(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: cause, Detail: fmt.Sprintf(format, args...)}
}

// asError returns err, an error of endpoint, as *Error.
func asError(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = wrong(Failed, err, "%v", err)
	}
	return e
}

// required reports whether every estimate needs the feature.
func required(feature string) bool {
	switch estimator.Feature(feature) {
	case estimator.Replicas, estimator.CPU, estimator.Requests:
		return true
	}
	return false
}

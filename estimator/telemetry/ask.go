package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// question is one query of [Source.ask] to Prometheus.
type question struct {
	// feature names the query in errors.
	feature string
	promql  string
	// during is the range to evaluate it over; one without a step is the instant
	// of its end.
	during v1.Range
}

// ask returns the answer to q, as soon as a slot is free, and the warnings of
// the server. A partial answer comes with [Partial].
func (s *Source) ask(ctx context.Context, q question) (value model.Value, said []*Error, err error) {
	err = s.server.guarded(ctx, func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		var warnings v1.Warnings
		ctx, answer := withDecoded(ctx)
		if q.during.Step > 0 {
			value, warnings, _, err = s.prometheus.QueryRange(ctx, q.promql, q.during, v1.WithTimeout(s.timeout))
		} else {
			value, warnings, _, err = s.prometheus.Query(ctx, q.promql, q.during.End, v1.WithTimeout(s.timeout))
		}
		if err == nil && answer.value != nil {
			value = answer.value
		}
		for _, text := range warnings {
			said = append(said, q.wrong(remark(text), nil, "the server warns: %s", text))
		}
		return err
	})
	return value, said, q.own(err)
}

// wrong returns an error about q.
func (q question) wrong(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Feature: q.feature, Kind: kind, Err: cause, Detail: fmt.Sprintf(format, args...), Query: oneLine(q.promql)}
}

// own adds the query to an error.
func (q question) own(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Feature, e.Query = q.feature, oneLine(q.promql)
	}
	return err
}

// remark returns the kind of a warning. Prometheus warns of failed remote
// reads, and Thanos and Mimir of failed stores; warnings about the query itself
// begin with PromQL.
func remark(text string) Kind {
	if strings.HasPrefix(text, "PromQL ") {
		return Remark
	}
	return Partial
}

// explain returns err as *Error, with a remedy.
func (e *endpoint) explain(err error) error {
	var (
		known    *Error
		rejected *v1.Error
		server   = e.base.Redacted()
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.DeadlineExceeded):
		return wrong(TimedOut, err, "no answer from %s within %s.timeout or the caller's deadline", server, e.key)
	case errors.Is(err, context.Canceled):
		return wrong(Interrupted, err, "")
	case !errors.As(err, &rejected):
		return wrong(Unreachable, err, "%v", err)
	case rejected.Type == v1.ErrBadResponse:
		return wrong(Malformed, err, "that of %s: %v", server, err)
	case rejected.Type == v1.ErrServer, rejected.Type == v1.ErrTimeout, rejected.Type == v1.ErrCanceled:
		return wrong(Failed, err, "%s: %v", server, err)
	}
	return wrong(Rejected, err, "%v", err)
}

func render(t *template.Template, query Query) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, query); err != nil {
		return "", fmt.Errorf("fill in query: %w", err)
	}
	return b.String(), nil
}

// typeOf names the type of an answer. An answer without data is nil.
func typeOf(v model.Value) string {
	if v == nil {
		return "success without data"
	}
	return v.Type().String()
}

// instant is the range of one evaluation at t.
func instant(t time.Time) v1.Range { return v1.Range{End: t} }

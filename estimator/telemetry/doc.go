// Package telemetry is the performance monitor of DeepScaler (paper §IV-A, Table I). It reads
// the recent behaviour of one application's services from Prometheus, and their invocation
// graph from mesh metrics and Jaeger, into an [estimator.Window].
//
// One PromQL range query per feature serves all services. The queries are
// templates ([Query]); a preset supplies those of Table I and the configuration
// can replace each. A sample that is missing, NaN, infinite or negative is
// missing in the window, never 0. Unreliable telemetry is an error, never a
// guess.
//
// The package has no clock and logs nothing: the caller passes the end of the
// window and receives problems as [Error] values.
package telemetry

// Package record writes a history for learning. It has the telemetry of one application over a
// time range, and its invocation graph, both as CSV for package history.
//
// Samples come from the queries of the adapter (package telemetry), so that a
// network is trained on the inputs that it will see. A range is read in chunks
// of bounded size, oldest first; each is read again after transient failures.
// The output appears under its name when it is complete.
//
// A value that Prometheus lacks is an empty cell, never 0.
package record

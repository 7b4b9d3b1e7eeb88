// Package record writes history to learn from: the telemetry of one application
// over a time range, and its invocation graph, both as CSV that package history
// reads.
//
// Samples come from the queries that the adapter makes in production (package
// telemetry), so that a network is trained on what it will be shown. A range is
// read in chunks of bounded size, oldest first; each is asked for again while
// reasons that pass stand against it. The output appears when it is complete,
// under its name at once, or not at all.
//
// What Prometheus does not know is an empty cell, never 0.
package record

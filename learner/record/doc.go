// Package record writes history to learn from: the telemetry of one application
// over a time range as CSV that dataset.ReadSeriesFile reads, and its
// invocation graph as CSV that dataset.ReadGraphFile reads.
//
// Samples come from the queries that the adapter makes in production (package
// telemetry), so that a network is trained on what it will be shown. A range is
// read in chunks of bounded size, oldest first. Chunks are kept in a journal next
// to the output until the range is complete: an interrupted recording goes on
// where it stopped, and the output appears at once or not at all.
//
// What Prometheus does not know is an empty cell, never 0.
package record

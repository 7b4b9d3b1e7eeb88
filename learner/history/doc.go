// Package history reads and writes the recorded telemetry of one application and
// its invocation graph as CSV, plain or compressed with gzip.
//
// A missing value is an empty cell in a file, NaN in memory, and never 0. Services
// have the names that [estimator.Service] describes.
package history

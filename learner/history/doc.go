// Package history reads and writes recorded telemetry and invocation graphs as
// CSV. Files are plain or compressed with gzip.
//
// A missing value is an empty cell in a file, NaN in memory, and never 0. Services
// have the names that [estimator.Service] describes.
package history

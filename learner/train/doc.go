// Package train makes a model file of recorded telemetry: it cuts the history
// into samples, learns a network and its affinity matrix from them, judges the
// two on the last part of the history, which learning never saw, and writes both
// with a report.
//
// [Options] are the flags of a training, [Options.Config] reads the files that
// they name, and [Config.Run] does the work.
package train

// Package train learns a model from telemetry in memory. It cuts a history into
// samples, learns a network and its affinity matrix from them, and judges both on
// the last part of the history, which learning never saw.
//
// [Train] is pure except for the given clock and the measured processor time.
// Start from [DefaultSpec], or from [SpecOf] to train a model further. Package
// flags binds a [Spec] to the command line.
package train

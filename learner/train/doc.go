// Package train learns a model from telemetry in memory: it cuts a history into
// samples, learns a network and its affinity matrix from them, and judges the two
// on the last part of the history, which learning never saw.
//
// [Train] is pure but for the clock it is given and the processor time it
// measures. Start from [DefaultSpec], or from [SpecOf] a model that is to be
// trained further. Package flags binds a [Spec] to the command line.
package train

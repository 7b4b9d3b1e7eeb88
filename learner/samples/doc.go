// Package samples cuts the recorded telemetry of one application into samples for training and
// evaluation (paper §III-A). X has the features of N services over a window of τ steps, and Y
// the need of every service some steps later.
//
// [New] splits the time into training, validation and test parts, fits the scalers
// on the training part, fills gaps from the past and lets a [Labeller] find the
// truth: [Observed], the future value of a feature, or [Required], the replicas
// that would have been enough in hindsight.
//
// Inputs never look ahead: a sample contains only values known at its last
// input step, and no step is a label in two parts.
//
// A missing value is NaN in this package, and never 0.
package samples

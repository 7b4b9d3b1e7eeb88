// Package samples cuts the recorded telemetry of one application into samples a
// network can be trained and judged on (paper §III-A): X, the features of N
// services over a window of τ steps, and Y, what every service needs some steps
// later.
//
// [New] splits the time into training, validation and test parts, fits the scalers
// on the training part alone, fills gaps from the past alone and lets a [Labeller]
// find what the samples should have predicted: [Observed], the future value of a
// feature, or [Required], the replicas that would have been enough in hindsight.
//
// Nothing here looks ahead. What a sample shows was known at its last input
// step, and no step is a label in two parts.
//
// A missing value is NaN in this package, and never 0.
package samples

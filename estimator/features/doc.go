// Package features converts telemetry to inputs of a network, and its outputs to
// values in the unit of the target. Training and serving use the same code, so a
// network serves what it was trained for.
//
// # Inputs
//
// Every sample is scaled by the [Scaler] of the training part. A missing sample is
// the last one observed in the τ steps of the window, and before the first one 0,
// the mean of the training part. No value from before a window enters it, because
// serving reads only one window. What a season expects ([estimator.Seasonal]) is no change
// where it is missing.
//
// # Outputs
//
// An output is a distance from an [Anchor] in standard deviations of the labels.
// The anchor is their mean, the last target, the replicas that the last demand
// asks for, or an analytic forecast. The mean replaces an anchor of another kind than a
// forecast that the window does not show. Where the load leaves the range of the training,
// outputs fade, see [Reach]: the anchor alone is left.
package features

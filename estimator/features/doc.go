// Package features makes inputs of a network from telemetry, and values in the unit
// of the target from its outputs: the same code for training and serving, so that a
// network is asked what it was taught.
//
// # Inputs
//
// Every sample is scaled by the [Scaler] of the training part. A missing one is the
// last one observed in the τ steps that the network sees, and 0, the mean of the
// training part, before there was one. Nothing is carried into a window from before
// it, because serving sees one window and no more.
//
// # Outputs
//
// An output counts in standard deviations of the labels from an [Anchor]: their
// mean, the last target, or the replicas that the last demand asks for. An anchor
// that the window does not show is the mean.
package features

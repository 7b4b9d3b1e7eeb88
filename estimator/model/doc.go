// Package model runs the network in a model file. [Load] builds the network of
// an [artifact.Model], [Predictor] runs it on samples in their own units, and
// [Estimator] serves it as P_θ of paper §III-B on windows of telemetry.
//
// # Which service is which
//
// The services of a model are texts, see [estimator.Service]. A service of a
// window is found by namespace and name, or else by its name alone. Two
// services of a window that are the same service of the model are an error.
//
// # What is missing
//
// Package features fills gaps as in training. A service of the model that the window
// lacks enters the network with its mean, because the network needs all its services. A
// service without a sample, or outside the model, has NaN in the forecast, so
// [estimator.Handover] takes it from the next estimator.
package model

// Package model runs what a model file holds. [Load] builds the network of an
// [artifact.Model], [Predictor] runs it on samples in their own units, and
// [Estimator] serves it as P_θ of paper §III-B on whatever window telemetry
// returns.
//
// # Which service is which
//
// The services of a model are the texts that [estimator.Service] describes. A
// service of a window is looked up with its namespace first, then by its name
// alone. That two services of a window are the same service of the model is an
// error.
//
// # What is missing
//
// Package features fills gaps as in training. A service of the model that is not in the window is at its mean throughout, because the
// network is defined on all of them. But where nothing was observed nothing is
// forecast: such a service, and one that the model has not seen in training, has
// NaN throughout, so that [estimator.Handover] asks the next estimator.
package model

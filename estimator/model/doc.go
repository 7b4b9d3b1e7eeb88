// Package model runs what a model file holds. [Load] builds the network of an
// [artifact.Model], [Predictor] runs it on samples in their own units, and
// [Estimator] serves it as P_θ of paper §III-B on whatever window telemetry
// returns.
//
// # Which service is which
//
// The services of a model are names. One with a slash, "shop/cart", is the
// workload after the first slash in the namespace before it; one without,
// "cart", is the workload of that name in any namespace. A service of a window
// is first looked up with its namespace, then by its name alone. That two
// services of a window are the same service of the model is an error.
//
// # What is missing
//
// As in training, a missing sample is the last one observed in the τ steps that
// the model looks back, and before there was one the mean of the training part.
// What outputs are measured from, the last target or the last demand, is the mean
// of the labels of the training part where the window does not tell. A service of
// the model that is not in the window is at its mean throughout, because the
// network is defined on all of them. But where nothing was observed nothing is
// forecast: such a service, and one that the model has not seen in training, has
// NaN throughout, so that [estimator.Handover] asks the next estimator.
package model

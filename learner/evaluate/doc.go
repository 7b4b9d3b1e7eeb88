// Package evaluate compares a model with two forecasts that cost nothing.
// Persistence predicts that everything stays as it is, and the seasonal-naive
// forecast that everything is as it was a season ago. A network that does not
// beat them is not worth serving.
package evaluate

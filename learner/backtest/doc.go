// Package backtest judges a model on recorded telemetry, beside two forecasts
// that cost nothing: persistence, that everything stays as it is, and the
// seasonal-naive one, that everything is as it was a season ago. A network that
// does not beat them is not worth serving.
//
// [Compare] does so for any network and samples, as the training does for its
// report; [Options] are the flags of a run over a model file, whose own scaler,
// labels and services hold.
package backtest

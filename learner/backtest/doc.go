// Package backtest judges a model file on recorded telemetry, under its own
// scaler, labels and services. [Options] are the flags of a run.
package backtest

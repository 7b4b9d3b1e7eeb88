// Package backtest judges a model on recorded telemetry, under its own scaler,
// labels and services.
package backtest

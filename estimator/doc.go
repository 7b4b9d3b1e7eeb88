// Package estimator holds the contracts between the stages of DeepScaler's serving flow (paper
// §III-B, Algorithm 1, lines 4–8). Telemetry fills a [Window], an [Estimator] turns it into a
// [Forecast], and package plan turns that into replicas.
//
// The package is pure: it reads no clock, holds no connection and logs
// nothing, so the same window gives the same forecast on every replica of the
// adapter.
package estimator

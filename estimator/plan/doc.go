// Package plan turns a forecast into whole replicas per service (paper §IV-D):
// the maximum over the lead time, rounded up, within the bounds of the service's
// HorizontalPodAutoscaler. A service about which nothing is known gets an
// error, so that its autoscaler holds; never zero and never an old number.
//
// Some rules hold against every forecast, because the telemetry that it was made
// from cannot be trusted then: see [Make].
//
// The package is pure and reads no clock.
package plan

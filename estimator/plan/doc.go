// Package plan turns a forecast into whole replicas per service (paper §IV-D):
// the maximum over the lead time, rounded up, within the bounds of the service's
// HorizontalPodAutoscaler. A service without a forecast gets an error, so that
// its autoscaler holds; never zero and never an old number.
//
// Some rules override every forecast where its telemetry cannot be trusted: see
// [Make].
//
// The package is pure and reads no clock.
package plan

// Package hpa is the arithmetic of the stock HorizontalPodAutoscaler in virtual time.
//
// It follows the controller of Kubernetes v1.37 (pkg/controller/podautoscaler):
// tolerance, pods that are missing or unready, several metrics of which some fail,
// stabilisation windows, scaling policies, bounds and scaling to and from 0. Its test
// compares it with decisions of the real controller. [Controller.Decide] is a pure
// function: the caller brings the time and what the controller would see, and keeps
// the [State] between two syncs.
package hpa

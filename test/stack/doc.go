// Package stack runs the whole of DeepScaler on one machine. It has a Kubernetes control plane
// with its HPA controller, an application under load, the Prometheus and Jaeger that watch it,
// and the adapter behind the API aggregator. Everything is the real program but for the
// containers: KWOK makes pods ready without running them, and the testbed answers the requests
// that the ready pods would have answered.
//
// It serves the end-to-end tests and the demo.
package stack

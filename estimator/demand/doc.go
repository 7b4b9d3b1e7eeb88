// Package demand is the physics of how many replicas a service needs: one
// threshold of saturation, one fit of the utilisation law and one way to share an
// SLO, for the forecasts of queueing theory and for what a network learns.
//
// # Derivation
//
// Demand. [Law] is fitted over steps of the training part in which the service was
// not saturated and its replicas did not change. Because the mix of requests changes,
// the demand of a step is the median of the last few such steps before it, if there
// are enough.
//
// Latency. [Curve] is fitted to the same steps, after [OwnLatency] has subtracted the
// time of the callees.
//
// Share. Each service may be as many times slower than without load as the requests that
// reach it may be, see [SLO.Stretches]. The shares of the services that a request visits
// add up to the SLO.
//
// Target. The highest utilisation u* at which L(u*) ≤ share, within the bounds of
// [Policy]. A fit in hindsight without bounds stays near the highest observed utilisation, and
// without an SLO the share is then a multiple of L₀.
//
// Need. The fraction q·d/(u*−idle), see [Sizing.Need].
//
// # Saturation
//
// While a service is saturated, at u ≥ [SaturatedFrom], or when it answers no more
// than before while its latency is far above what the curve explains, demand is
// hidden: q counts answered requests, not arrivals. Such a step bounds the need from
// below and is never evidence that fewer replicas would have been enough: at least r,
// and r+1 where the CPU shows that r were too few. q is then raised to the arrivals
// that conserve the flow, q/(1−dL/dt). Under processor sharing the truth is higher
// still, so this too is a lower bound. A service that waits for a saturated callee
// needs replicas for its own work at the rate that arrives, and no more. While
// requests pile up before one that is saturated or waits, the needs of everything
// that it calls are lower bounds too: they get the rest after the bottleneck.
//
// A step without requests or cpu has no need. Neither has a service without any
// answered request in the training part.
package demand

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
// Share. Each service may be as many times slower than its median as the
// application may: share = SLO·(median of the service)/(median of the entry).
// The shares of the services a request visits then add up to the SLO in
// proportion to their contributions. (A service slower than the entry, which
// few requests reach, may take the SLO itself.) Entries are the services
// without a caller in the graph; without a graph, the one with the highest
// latency. Without an SLO the share is a multiple of L₀.
//
// Target. The highest utilisation u* at which L(u*) ≤ share, within the bounds,
// and not far beyond the highest observed utilisation.
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

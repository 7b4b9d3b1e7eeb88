// Package queueing estimates replicas from queueing theory alone: it needs a
// few minutes of telemetry and no training. Its two estimators are the analytic
// baselines of paper §V-B:
//
//   - [HAB], the holistic one: a balanced queueing network over the invocation
//     graph, in which a change of the load at the entry moves every service
//     behind it in the same forecast ([35] of the paper);
//   - [MMN], the non-holistic one: every service by itself as an M/M/n/PS
//     station ([33] of the paper).
//
// # Units
//
// The CPU feature is used ÷ limit over all the pods of a service, so CPU work
// is counted in replicas: cpu·replicas is the number of replicas kept busy, and
// the demand of one request is given in replica-seconds (the seconds it would
// keep one replica busy at its limit). Rates are requests per second and
// latencies seconds.
//
// # Purity
//
// Both estimators are pure functions of the window: no state, no clock, no
// randomness and a fixed order of summation, so two replicas of the adapter, or
// one that has just been restarted, give the same numbers bit for bit. They are
// safe for concurrent use.
package queueing

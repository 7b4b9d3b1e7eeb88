// Package trust decides how far a trained model is believed. By paper §IV-D, after too many
// prediction errors or SLA violations "the scheduler reduces trust in the model and becomes
// more conservative in recycling resources".
//
// # How
//
// Trust is computed anew from every window. The model forecasts from earlier parts of
// the window, queueing theory does so too, and both are compared with the needs that
// then came, in whole replicas, as plans count. A missing replica weighs as much as
// four spare ones. Nothing is remembered between windows, so all replicas of the
// adapter trust a model equally, also right after a restart, and a model that is
// published is judged before its first number is served.
//
// A worse hindcast lowers trust at once, and a better one raises it by a third at most.
// Violations of the SLO and inputs beyond the range of the training lower it too.
//
// # What follows
//
// With full trust the model serves. With less, a higher quantile of it serves, never
// below queueing theory, and a plan removes few pods at a time: see [Level]. Without
// trust queueing theory serves. Nothing delays a scale-out.
package trust

// Package simulation runs a microservice application request by request, as a seeded
// discrete-event simulation.
//
// A replica is a processor-sharing server: each of n calls that need CPU runs at
// min(1, (limit − idle use) ÷ n) cores, or at a full core while CPU time saved up by
// app.Serving.Burst lasts. It works on a limited number of calls at
// a time, and a call holds its place while it waits for its callees, so a slow
// callee fills its callers up the call graph (Fig. 3 of the paper). More calls
// wait in a first-in first-out queue in front of the replica.
//
// Time is seconds since the start of the simulation. The engine has no clock:
// [Engine.Run] advances to any time as fast as it can, and a real-time driver
// calls it as time passes. Random numbers come from streams of the seed, so the
// actions of users and the costs of their requests do not depend on the
// replicas.
package simulation

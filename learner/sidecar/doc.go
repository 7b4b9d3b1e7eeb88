// Package sidecar learns while the adapter of its pod serves (paper §III-B, Algorithm 2).
//
// The adapter lists applications in a shared folder (package exchange). For each the
// sidecar reads the history from Prometheus, tests the serving model on what came since
// its training, and trains a child when there is a [Reason]. The child has to pass the
// gate (package gate) before the adapter finds it in the folder.
//
// # Time
//
// Applications are looked at one after the other, so that memory stays bounded; the one
// that is due for longest comes first. Each may take its share of the interval. A look that
// takes longer is interrupted, and the next one trains with half the iterations. A look
// that fails is repeated soon, and then ever more rarely.
//
// # Restarts
//
// All state is in the folder or can be made again, so the process may end at any instant.
// Files are replaced as a whole. After a restart the report in the folder says when the
// last training was, and the next look is an interval later.
package sidecar

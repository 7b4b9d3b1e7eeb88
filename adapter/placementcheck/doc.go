// Package placementcheck reports what the scheduler plugin would do to an application, for
// clusters in which it does not run: where calls go now, where its score would have put the
// pods, and which settings are worth a change.
package placementcheck

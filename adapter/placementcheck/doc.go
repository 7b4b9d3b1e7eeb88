// Package placementcheck reports what the scheduler plugin would do to an application in a
// cluster that runs without it. The report has where calls go now, where its score would have
// put the pods, and which settings are worth a change.
package placementcheck

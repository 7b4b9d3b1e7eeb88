// Package placement scores the nodes for a new pod of a jointly scaled application,
// so that every zone serves itself.
//
// A score has three terms, each from 0 to 1:
//
//   - The zone deficit is what the zone lacks of the service: its share of the load
//     that starts in the zone, minus the pods that are there. A zone that lacks a whole
//     pod has 1.
//   - Locality is the share of the pod's calls, in both directions, that it would
//     exchange with pods on the node (weight 1) and in the zone (weight 0.6). The
//     deficit limits it, so that nothing piles up in one zone.
//   - Headroom is the share of the replicas still lacking, of all services, for
//     which there is room after the pod took the node.
//
// The load of a zone follows the calls: a service that users call is to be alike in all zones,
// users reach all of its pods alike, and a call stays in its zone while the callee has pods
// there, as with
// Service.spec.trafficDistribution: PreferSameZone.
//
// The package is pure: it has no clock, no randomness, and no notion of Kubernetes.
package placement

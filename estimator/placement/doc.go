// Package placement scores the nodes for a new pod of a jointly scaled application,
// so that every zone serves itself.
//
// A score has three terms, each from 0 to 1:
//
//   - Balance is 1 in the zones where the pod leaves the pods of its service, and of those
//     behind it, most equally busy once all replicas are there, and lower elsewhere by
//     what is lost. Zones that have more of what they will have are worth less.
//   - Locality is the share of the pod's calls, in both directions, that it would
//     exchange with pods on the node (weight 1) and in the zone (weight 0.6). The
//     balance limits it, so that nothing piles up in one zone.
//   - Headroom is the share of the replicas still lacking, of all services, for
//     which there is room after the pod took the node.
//
// The load of a zone follows the calls, as with
// Service.spec.trafficDistribution: PreferSameZone: users reach all pods alike, a call stays in
// its zone while the callee has pods there, and goes to any pod otherwise. So a lone pod in
// the zone of most callers serves nearly all calls, and a service without enough pods for
// such a zone has none there. A service that users call has about as many pods in all zones, and up to a
// quarter more or fewer where that balances the services behind it.
//
// The package is pure: it has no clock, no randomness, and no notion of Kubernetes.
package placement

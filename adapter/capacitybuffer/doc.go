// Package capacitybuffer has nodes ready before the pods that a forecast will add.
//
// It writes a CapacityBuffer (autoscaling.x-k8s.io/v1beta1, of SIG Autoscaling) for every
// scaled workload, since a buffer holds pods of one shape: as many as the forecast over the
// start time of a node has beyond the present plan. Cluster Autoscaler and Karpenter then
// keep room for them. When the pods come, the plan has them, and the buffer shrinks.
package capacitybuffer

package autoscaler

import (
	"time"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// clairvoyant uses the future load and its need. It pays only for the start of pods
// and for whole replicas.
type clairvoyant struct {
	future *need.Future
	spare  float64 // standard deviations of the work in a step
	ahead  time.Duration
}

// Tick implements [loop.Autoscaler].
func (*clairvoyant) Tick(*loop.Cluster) error { return nil }

// Sync implements [loop.Autoscaler].
func (a *clairvoyant) Sync(c *loop.Cluster, replicas []int) error {
	copy(replicas, a.future.Within(c.Now(), c.Now()+a.ahead, a.spare))
	return nil
}

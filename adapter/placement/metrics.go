package placement

import (
	"errors"
	"fmt"

	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/prometheus/client_golang/prometheus"
)

// result is what became of a pod.
type result string

const (
	scored    result = "scored"
	unmanaged result = "unmanaged"
	stale     result = "stale"
	failed    result = "failed"
)

// decided is in kube-scheduler's own registry, which its /metrics serves.
var decided = metrics.NewCounterVec(&metrics.CounterOpts{
	Name:           "deepscaler_placement_pods_total",
	Help:           "Pods that plugin DeepScaler was asked about: scored, or left to the other plugins because they are unmanaged, its data is stale, or it failed.",
	StabilityLevel: metrics.ALPHA,
}, []string{"result"})

// registerMetrics may be called once for each profile.
func registerMetrics() error {
	var twice prometheus.AlreadyRegisteredError
	if err := legacyregistry.Register(decided); err != nil && !errors.As(err, &twice) {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

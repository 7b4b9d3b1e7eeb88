package plan

import (
	"fmt"
	"time"
)

// Config controls how a forecast becomes whole replicas.
type Config struct {
	// LeadTime is the time until a decision serves requests: the start of a
	// pod, the sync period of the HorizontalPodAutoscaler controller and one
	// tick. Replicas are planned for the highest need within it.
	LeadTime time.Duration `yaml:"leadTime"`
	// RoundingTolerance is the fraction of one replica that is dropped instead
	// of rounded up: with 0.05 a need of 4.05 is served by 4, of 4.06 by 5. It
	// keeps noise around a whole number from starting a pod.
	RoundingTolerance float64 `yaml:"roundingTolerance"`
	// Hold is how long the replicas of the highest need are kept after the load fell, less
	// the stabilisation window that the autoscaler has for that itself.
	Hold time.Duration `yaml:"hold"`
	// ScaleIn is the largest share of the pods of a service that a plan may remove; 0
	// means all. It is below 1 while a forecast is not fully trusted (paper §IV-D).
	ScaleIn float64 `yaml:"-"`
}

const (
	// PodStart is the assumed time until a new pod is ready.
	PodStart = 30 * time.Second
	// Sync is the default sync period of the HorizontalPodAutoscaler controller.
	Sync = 15 * time.Second
	// Stabilization is the default of --horizontal-pod-autoscaler-downscale-stabilization of
	// the HorizontalPodAutoscaler controller.
	Stabilization = 5 * time.Minute
	// Step is the time between two plans where samples come every 15 s.
	Step = 15 * time.Second
)

// DefaultConfig returns a lead time of one minute ([PodStart], [Sync] and one
// [Step]), a rounding tolerance of 0.05 replicas and a hold of five minutes, the default
// stabilisation window of autoscalers.
func DefaultConfig() Config {
	return Config{LeadTime: PodStart + Sync + Step, RoundingTolerance: 0.05, Hold: Stabilization}
}

// maxHold is the longest stabilisation window that autoscalers may have.
const maxHold = time.Hour

// Validate reports the first invalid setting.
func (c Config) Validate() error {
	switch {
	case c.LeadTime <= 0:
		return fmt.Errorf("leadTime is %v, want a positive duration", c.LeadTime)
	case !(c.RoundingTolerance >= 0 && c.RoundingTolerance < 1):
		return fmt.Errorf("roundingTolerance is %v, want a fraction of a replica from 0 to below 1", c.RoundingTolerance)
	case c.Hold < 0 || c.Hold > maxHold:
		return fmt.Errorf("hold is %v, want 0 to %v", c.Hold, maxHold)
	case !(c.ScaleIn >= 0 && c.ScaleIn <= 1):
		return fmt.Errorf("the share of pods to remove is %v, want 0 to 1", c.ScaleIn)
	}
	return nil
}

// Steps returns the number of forecast columns that cover a lead time, at
// least 1.
func Steps(leadTime, step time.Duration) int {
	if leadTime <= step {
		return 1
	}
	return int((leadTime + step - 1) / step)
}

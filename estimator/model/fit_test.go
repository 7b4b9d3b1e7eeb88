package model

import (
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// The model looks back 4 steps of 30 s and 4 ahead, at cpu and replicas.
func TestFits(t *testing.T) {
	e := mustEstimator(t, untrained(t, numbered(2), estimator.CPU, estimator.Replicas))
	all := estimator.DefaultFeatures()
	for name, tc := range map[string]struct {
		step     time.Duration
		steps    int
		features []estimator.Feature
		leadTime time.Duration
		want     []string
	}{
		"as trained":         {step, 4, []estimator.Feature{"cpu", "replicas"}, 2 * time.Minute, nil},
		"with room":          {step, 12, all, 75 * time.Second, nil},
		"another step":       {time.Minute, 12, all, 0, []string{"steps of 30s, telemetry has steps of 1m0s", "--step 1m0s"}},
		"a short window":     {step, 3, all, 0, []string{"looks back 4 steps, a window has 3", "--window 3"}},
		"a feature less":     {step, 12, all[:1], 0, []string{`lacks feature "cpu"`}},
		"a longer lead time": {step, 12, all, 130 * time.Second, []string{"predicts 2m0s ahead, but a new replica takes 2m10s", "--horizon 5"}},
		"nothing":            {time.Hour, 1, nil, time.Hour, []string{"--step", "--window", "lacks feature", "--horizon 120"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := e.Fits(tc.step, tc.steps, tc.features, tc.leadTime)
			if tc.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkError(t, err, tc.want...)
		})
	}
}

package train_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
)

// TestAnchorIsChosen: requests that scatter around a mean are measured from it, and those
// that wander from their last value, unless an anchor is given.
func TestAnchorIsChosen(t *testing.T) {
	for name, c := range map[string]struct {
		keeps float64 // share of the last deviation from the mean that is left a step later
		given string
		want  string
		tried []string
	}{
		"scattered":           {0, "", "level", []string{"change", "level"}},
		"wandering":           {1, "auto", "change", []string{"change", "level"}},
		"scattered but given": {0, "change", "change", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := quick(t)
			rng := rand.New(rand.NewPCG(8, 15))
			c0 := j.History.Channel(estimator.Requests)
			deviation := make([]float64, len(letters))
			for step := range j.History.Steps {
				for n := range letters {
					deviation[n] = c.keeps*deviation[n] + rng.NormFloat64()
					j.History.Set(n, step, c0, 100+5*deviation[n])
				}
			}
			j.Learning.Epochs = 6
			j.Samples.Anchor = features.Anchor(c.given)
			report, _ := j.must(t)
			if report.Anchor != c.want {
				t.Errorf("anchor %s, want %s: %+v", report.Anchor, c.want, report.Trials)
			}
			var tried []string
			for _, trial := range report.Trials {
				tried = append(tried, trial.Anchor)
			}
			if diff := cmp.Diff(c.tried, tried); diff != "" {
				t.Errorf("trials (-want +got):\n%s", diff)
			}
		})
	}
}

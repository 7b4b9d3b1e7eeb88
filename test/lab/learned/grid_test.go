package learned

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Baselines are tuned, and start from the defaults that DeepScaler's network has.
func TestGrid(t *testing.T) {
	usual := train.DefaultSpec().Learning
	first := Trial{Rate: usual.Rate, Decay: usual.Decay}
	if diff := cmp.Diff([]Trial{first}, grid(artifact.KindDeepScaler)); diff != "" {
		t.Errorf("DeepScaler (-want +got):\n%s", diff)
	}
	for _, kind := range []string{artifact.KindTGCN, artifact.KindDCRNN} {
		all := grid(kind)
		if len(all) != 4 || all[0] != first {
			t.Errorf("%s has %v, want the defaults and three others", kind, all)
		}
		seen := map[Trial]bool{}
		for _, trial := range all {
			if seen[trial] {
				t.Errorf("%s tries %v twice", kind, trial)
			}
			seen[trial] = true
		}
	}
}

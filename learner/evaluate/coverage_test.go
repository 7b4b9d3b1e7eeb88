package evaluate

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCoverage(t *testing.T) {
	unknown := float32(math.NaN())
	var parts [3]cover // the last has no samples
	for _, c := range []struct {
		part, level       int
		label, prediction float32
		censored          bool
	}{
		{0, 0, 1, 2, false}, {1, 0, 2, 2, false}, {0, 0, 3, 2, false}, {1, 0, 4, 2, true}, {1, 0, 1, 2, true}, {0, 0, unknown, 2, false},
		{0, 1, 1, 5, false}, {1, 1, 2, 5, false}, {1, 1, 6, 5, false},
	} {
		parts[c.part].add(c.level, 2, c.label, c.prediction, c.censored)
	}
	if diff := cmp.Diff([]float64{0.5, 2.0 / 3}, coverage(parts[:], 2)); diff != "" {
		t.Errorf("coverage (-want +got):\n%s", diff)
	}
	if got := coverage(make([]cover, 2), 2); got != nil {
		t.Errorf("coverage %v without labels, want none", got)
	}
}

package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// A wave is linear in its last two values, whatever its phase: ridge regression finds
// that, with noise about as well as the noise allows.
func TestRidgeFindsWhatIsLinear(t *testing.T) {
	const deviation = 0.05
	r := rand.New(rand.NewPCG(1, 2))
	s := wave(600, time.Minute, func(t, n int) float64 {
		return 5 + 3*math.Sin(2*math.Pi*float64(t)/(37+11*float64(n))) + deviation*r.NormFloat64()
	})
	d := cut(t, s, samples.Options{Target: "x", Window: 12, Horizons: []int{1, 3}, Anchor: features.AnchorChange, Split: samples.DefaultSplit()})
	ridge, _ := tally(d, samples.Test, Ridge(d))
	naive, _ := tally(d, samples.Test, Persistence(d))
	if got, most := ridge.Overall().MAE, 3*deviation; got > most {
		t.Errorf("MAE is %v on a wave with noise of %v, want at most %v", got, deviation, most)
	}
	if got, other := ridge.Overall().MAE, naive.Overall().MAE; got > other/3 {
		t.Errorf("MAE is %v, persistence has %v", got, other)
	}
}

// Where everything is to be predicted, nothing is left to fit to.
func TestRidgePredictsNothingItWasFittedTo(t *testing.T) {
	s := wave(100, time.Minute, func(t, _ int) float64 { return float64(t) })
	d := cut(t, s, samples.Options{Target: "x", Split: samples.Split{Train: 1}})
	ridge, _ := tally(d, samples.Train, Ridge(d))
	if got := ridge.Overall(); got.Count != 0 || !math.IsNaN(got.MAE) {
		t.Errorf("ridge has %+v without a validation part", got)
	}
}

// What labels are measured from is the last value when they are changes.
func TestAnchorOfChangesIsPersistence(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := wave(100, time.Minute, func(int, int) float64 { return r.Float64() })
	d := cut(t, s, samples.Options{Target: "x", Window: 3, Horizons: []int{1, 2}, Anchor: features.AnchorChange, Split: samples.DefaultSplit()})
	indices := []int{0, 5, 9}
	got, want := make([]float64, 3*d.LabelLen()), make([]float64, 3*d.LabelLen())
	Anchor(d)(samples.Test, indices, got)
	Persistence(d)(samples.Test, indices, want)
	for i := range got {
		got[i], want[i] = math.Round(1e6*got[i]), math.Round(1e6*want[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("predictions in millionths (-persistence +anchor):\n%s", diff)
	}
}

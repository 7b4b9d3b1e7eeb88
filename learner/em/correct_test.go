package em

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/features"
)

// drawn returns labels that are a share of what outputs say, and noise that is skewed as
// that of loads is: mostly little, sometimes much.
func drawn(rng *rand.Rand, n int, share float64) []scored {
	all := make([]scored, n)
	for i := range all {
		y := rng.NormFloat64()
		all[i] = scored{label: share*y + 0.3*(rng.ExpFloat64()-0.5), output: y, stretch: i * stretches / n}
	}
	return all
}

// TestCorrectionsCover holds that a quantile covers as many new labels as it says, however
// good or bad the outputs are.
func TestCorrectionsCover(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		share := 1.5 * rng.Float64()
		for _, quantile := range []float64{0.5, 0.8, 0.95} {
			of, offset := shareOf(drawn(rng, 4000, share), quantile)
			covered := 0.0
			const fresh = 20_000
			for _, v := range drawn(rng, fresh, share) {
				if v.label <= features.Add(of*v.output+offset) {
					covered++
				}
			}
			if got := covered / fresh; math.Abs(got-quantile) > 0.02 {
				t.Errorf("labels are %.2f of outputs: with share %v and offset %.3f, %.3f of new labels are covered, want %v ± 0.02", share, of, offset, got, quantile)
			}
		}
	}
}

func TestCorrectionsOnlyWhereTheyHelp(t *testing.T) {
	draw := func(share float64) []scored { return drawn(rand.New(rand.NewPCG(1, 5)), 4000, share) }
	for name, c := range map[string]struct{ share, want float64 }{
		"outputs are noise":          {0, 0},
		"outputs are opposite":       {-1, 0},
		"half of them is right":      {0.5, 0.5},
		"they are right":             {1, 1},
		"they are right or too weak": {1.3, 1},
	} {
		for _, quantile := range []float64{0.5, 0.95} {
			if got, _ := shareOf(draw(c.share), quantile); got != c.want {
				t.Errorf("%s, quantile %v: share %v, want %v", name, quantile, got, c.want)
			}
		}
	}
	few := draw(0)
	for i := range few { // one stretch alone speaks for the outputs
		if few[i].stretch == 3 {
			few[i].label = few[i].output
		}
	}
	if got, _ := shareOf(few, 0.5); got != 0 {
		t.Errorf("share %v, want 0 where a tenth of the time speaks for it", got)
	}
}

// TestCorrectionsOfLowerBounds: a lower bound asks for more, and never for less.
func TestCorrectionsOfLowerBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 5))
	all := drawn(rng, 4000, 0)
	_, without := shareOf(append([]scored(nil), all...), 0.8)
	low, high := append([]scored(nil), all...), append([]scored(nil), all...)
	for range 2000 {
		low = append(low, scored{label: -5, censored: true})
		high = append(high, scored{label: 5, censored: true})
	}
	if _, got := shareOf(low, 0.8); got != without {
		t.Errorf("offset %v with bounds below every forecast, want %v as without them", got, without)
	}
	if _, got := shareOf(high, 0.8); !(got > without) {
		t.Errorf("offset %v with bounds above the forecast, want more than %v", got, without)
	}
}

func TestCorrectionsOfUnknownLabels(t *testing.T) {
	if share, offset := shareOf([]scored{{label: math.NaN(), output: 1}}, 0.8); share != 0 || offset != 0 {
		t.Errorf("share %v and offset %v without a label, want the forecast alone", share, offset)
	}
}

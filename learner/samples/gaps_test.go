package samples

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

// torn returns a history with gaps of a random kind: single cells, steps in which
// nothing was read, services that are gone for good, and any mixture of them.
func torn(r *rand.Rand) *estimator.Window {
	w := scaledAtRandom(40 + r.IntN(160))
	for range r.IntN(4) {
		from := r.IntN(w.Steps)
		to := min(w.Steps, from+1+r.IntN(w.Steps))
		service, channel, chance := r.IntN(2*len(w.Services)), r.IntN(2*len(w.Features)), r.Float64()
		if r.IntN(2) == 0 {
			chance = 1 // a block
		}
		for t := from; t < to; t++ {
			for n := range w.Services {
				for c := range w.Features {
					if (service >= len(w.Services) || n == service) && (channel >= len(w.Features) || c == channel) && r.Float64() < chance {
						w.Set(n, t, c, nan)
					}
				}
			}
		}
	}
	return w
}

// Whatever the gaps, every part that is asked for has samples and every sample has
// a label, or the error says what is missing.
func TestEverySampleHasALabel(t *testing.T) {
	made, refused := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 41))
		o := Options{
			Window: 1 + r.IntN(15), Horizons: [][]int{{1}, {1, 2, 3}, {5}, {2, 9}}[r.IntN(4)],
			Split: []Split{DefaultSplit(), {0.5, 0.5, 0}, {0.8, 0, 0.2}, {1, 0, 0}}[r.IntN(4)],
		}
		if r.IntN(2) == 0 {
			o.Label, o.Anchor = Required{}, features.AnchorDemand
		}
		d, err := New(torn(r), o)
		if err != nil {
			refused++
			if text := err.Error(); !strings.Contains(text, "has a label") && !strings.Contains(text, "the history has") {
				t.Fatalf("seed %d: error %q does not say what is missing", seed, text)
			}
			continue
		}
		made++
		for p, share := range []float64{o.Split.Train, o.Split.Validation, o.Split.Test} {
			if share > 0 && d.Samples(Part(p)) == 0 {
				t.Fatalf("seed %d: the %v part has no samples", seed, Part(p))
			}
			for i := range d.Samples(Part(p)) {
				x, y := sample(d, Part(p), i)
				labelled := false
				for _, v := range y {
					labelled = labelled || !math.IsNaN(float64(v))
				}
				for _, v := range x {
					if math.IsNaN(float64(v)) {
						t.Fatalf("seed %d: sample %d of the %v part shows a gap", seed, i, Part(p))
					}
				}
				if !labelled {
					t.Fatalf("seed %d: sample %d of the %v part has no label", seed, i, Part(p))
				}
			}
		}
	}
	if made < 100 || refused < 20 {
		t.Errorf("%d histories make samples and %d do not, want many of both", made, refused)
	}
}

// A gap of some minutes of Prometheus costs the samples that it hides, and no more.
func TestAGapCostsItsOwnSamples(t *testing.T) {
	w := scaledAtRandom(600)
	whole := mustNew(t, w, Options{Label: Required{}})
	for at := 200; at < 216; at++ {
		for n := range w.Services {
			for c := range w.Features {
				w.Set(n, at, c, nan)
			}
		}
	}
	if got, want := mustNew(t, w, Options{Label: Required{}}).Samples(Train), whole.Samples(Train)-16; got != want {
		t.Errorf("%d samples, want %d", got, want)
	}
}

func TestAPartWithoutLabelsIsRefused(t *testing.T) {
	w := blank(100, time.Minute, fakehistory.Named("a"), "x")
	for at := range 70 {
		w.Set(0, at, 0, float64(at))
	}
	if _, err := New(w, Options{Target: "x"}); err == nil || !strings.Contains(err.Error(), "none of the 10 samples of the validation part has a label") {
		t.Errorf("error %v, want one about the validation part", err)
	}
}

package samples

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

// scaledAtRandom is a service that needs 3 replicas for every 100 requests per
// second and one that never answers anything.
func scaledAtRandom(steps int) *estimator.Window {
	r := rand.New(rand.NewPCG(37, 38))
	s := requiredSeries(fakehistory.Named("busy", "silent"), steps)
	replicas, requests := 4.0, 100.0
	for t := range steps {
		if t%5 == 0 {
			replicas, requests = float64(3+r.IntN(6)), 60+80*r.Float64()
		}
		u := requests * 0.02 / replicas
		setRow(s, t, 0, replicas, u, 0.02/(1-u), requests)
	}
	return s
}

// The demand is that of the last step of the window at which both replicas and cpu
// are known.
func TestAnchorDemand(t *testing.T) {
	s := scaledAtRandom(60)
	for at, row := range map[int][2]float64{
		30: {6, 0.5}, 31: {nan, 0.8}, 32: {6, nan}, 33: {nan, nan}, 34: {2, 0.95}, 35: {5, 0.01},
	} {
		s.Set(0, at, 0, row[0])
		s.Set(0, at, 1, row[1])
	}
	s.Set(1, 30, 0, 4)
	s.Set(1, 30, 1, 0.7)
	d := mustNew(t, s, Options{
		Window: 3, Horizons: []int{1, 5}, Label: Required{}, Anchor: features.AnchorDemand, Split: Split{1, 0, 0}, Features: []estimator.Feature{"requests", "cpu", "replicas"},
		Sizings: []demand.Sizing{{Idle: 0.1, Utilisation: 0.5}, {Utilisation: 0.7}},
	})
	std, mean := d.LabelScaler().Std, d.LabelScaler().Mean
	x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
	labels := make([]float64, d.LabelLen())
	for origin, want := range map[int]float64{30: 6, 31: 6, 32: 6, 33: mean[0], 34: 4.25, 35: 0} {
		i := slices.Index(d.origins[Train], origin)
		if got := d.Unscale(Train, i, 0, 0); math.Abs(got-want) > 1e-9 {
			t.Errorf("step %d: a prediction of 0 means %v, want %v", origin, got, want)
		}
		if got := d.Unscale(Train, i, 0, 2); math.Abs(got-want-2*std[0]) > 1e-9 {
			t.Errorf("step %d: a prediction of 2 means %v, want %v", origin, got, want+2*std[0])
		}
		d.Batch(Train, []int{i}, x, y)
		d.Labels(Train, []int{i}, labels)
		if diff := cmp.Diff(float32((labels[0]-want)/std[0]), y[0], cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-5)); diff != "" {
			t.Errorf("step %d: label (-want +got):\n%s", origin, diff)
		}
		// The other service has no label, and so the mean of all; but once it ran.
		silent := mean[1]
		if origin <= 32 {
			silent = 4
		}
		if got := d.Unscale(Train, i, 1, 0); got != silent || math.IsNaN(got) {
			t.Errorf("step %d: the silent service is measured from %v, want %v", origin, got, silent)
		}
	}
}

func TestSizingsAreFittedOnTheTrainingPart(t *testing.T) {
	s := scaledAtRandom(200)
	o := Options{Label: Required{}, Anchor: features.AnchorDemand}
	d := mustNew(t, s, o)
	h, err := Required{}.Look(s, d.Range(Train))
	if err != nil {
		t.Fatal(err)
	}
	want := []demand.Sizing{h.Fitted[0].Sizing(), {Utilisation: 0.7}}
	if diff := cmp.Diff(want, d.Options().Sizings); diff != "" {
		t.Errorf("sizings (-want +got):\n%s", diff)
	}
	// What comes later changes none.
	for at := d.Range(Train).To; at < 200; at++ {
		setRow(s, at, 0, 9, 0.9, 2, 1)
		setRow(s, at, 1, 9, 0.9, 2, 1)
	}
	if diff := cmp.Diff(want, mustNew(t, s, o).Options().Sizings); diff != "" {
		t.Errorf("sizings depend on what comes after the training part (-want +got):\n%s", diff)
	}
	// Those that are given stay, and stay the dataset's own.
	o.Sizings = []demand.Sizing{{Utilisation: 0.4}, {Utilisation: 0.5}}
	d = mustNew(t, s, o)
	o.Sizings[0].Utilisation = 0.9
	if diff := cmp.Diff([]demand.Sizing{{Utilisation: 0.4}, {Utilisation: 0.5}}, d.Options().Sizings); diff != "" {
		t.Errorf("sizings that were given (-want +got):\n%s", diff)
	}
}

// The demand tells more about what will be required than the mean does: the label
// is what is measured, up to the requests of the next step.
func TestDemandIsNearWhatIsRequired(t *testing.T) {
	mae := func(anchor features.Anchor) float64 {
		d := mustNew(t, scaledAtRandom(600), Options{Label: Required{}, Anchor: anchor})
		sum, count := 0.0, 0.0
		predicted, actual := make([]float64, d.LabelLen()), make([]float64, d.LabelLen())
		for i := range d.Samples(Test) {
			d.UnscaleBatch(Test, []int{i}, make([]float32, len(predicted)), predicted)
			d.Labels(Test, []int{i}, actual)
			for k, v := range actual {
				if !math.IsNaN(v) {
					sum += math.Abs(predicted[k] - v)
					count++
				}
			}
		}
		return sum / count
	}
	if level, demand := mae(features.AnchorLevel), mae(features.AnchorDemand); !(demand < 0.5*level) {
		t.Errorf("MAE is %v from the demand, and %v from the mean", demand, level)
	}
}

func TestAnchorDemandErrors(t *testing.T) {
	two := []demand.Sizing{{Utilisation: 0.4}, {Utilisation: 0.5}}
	for name, tc := range map[string]struct {
		o    Options
		want string
	}{
		"another label":   {Options{Anchor: features.AnchorDemand}, `anchor "demand" needs the replicas that were required`},
		"no cpu":          {Options{Anchor: features.AnchorDemand, Label: Required{}, Features: []estimator.Feature{"replicas", "requests"}}, `needs "cpu" among the features, which are ["replicas" "requests"]`},
		"no replicas":     {Options{Anchor: features.AnchorDemand, Label: Required{}, Features: []estimator.Feature{"cpu", "requests"}}, `needs "replicas" among the features`},
		"too few sizings": {Options{Anchor: features.AnchorDemand, Label: Required{}, Sizings: two[:1]}, "1 sizings for 2 services"},
		"bad sizing":      {Options{Anchor: features.AnchorDemand, Label: Required{}, Sizings: []demand.Sizing{two[0], {Idle: 0.5, Utilisation: nan}}}, "sizing of service 1: idle utilisation is 0.5"},
		"of a level":      {Options{Label: Required{}, Sizings: two}, `no effect on the anchor "level"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(scaledAtRandom(100), tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

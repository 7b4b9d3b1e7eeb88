package samples

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

func TestWithOwnScalersNothingChanges(t *testing.T) {
	s := fakehistory.Random(rand.New(rand.NewPCG(3, 1)), 120, 4, 3)
	demand := scaledAtRandom(120)
	for at := 90; at < 100; at++ {
		demand.Set(0, at, 0, nan)
	}
	for _, d := range []*Set{
		mustNew(t, s, Options{Window: 5, Horizons: []int{1, 3}, Target: s.Features[1]}),
		mustNew(t, s, Options{Window: 5, Horizons: []int{1, 3}, Target: s.Features[1], Anchor: features.AnchorChange}),
		mustNew(t, demand, Options{Window: 5, Horizons: []int{1, 3}, Label: Required{}, Anchor: features.AnchorDemand}),
	} {
		same, err := d.WithScalers(d.InputScaler(), d.LabelScaler())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []Part{Train, Validation, Test} {
			for i := range d.Samples(p) {
				x, y := sample(d, p, i)
				again, labels := sample(same, p, i)
				if diff := cmp.Diff([][]float32{x, y}, [][]float32{again, labels}, cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("%s, sample %d of the %v part (-before +after):\n%s", d.Options().Anchor, i, p, diff)
				}
			}
		}
	}
}

// sample returns the inputs and labels of one sample.
func sample(d *Set, p Part, i int) (x, y []float32) {
	x, y = make([]float32, d.InputLen()), make([]float32, d.LabelLen())
	d.Batch(p, []int{i}, x, y)
	return x, y
}

// The mean of other scalers stands in for a demand that was not observed.
func TestDemandWithOtherScalers(t *testing.T) {
	d := mustNew(t, scaledAtRandom(120), Options{Window: 5, Label: Required{}, Anchor: features.AnchorDemand})
	other, err := d.WithScalers(d.InputScaler(), &features.Scaler{Services: 2, Features: 1, Mean: []float64{50, 60}, Std: []float64{10, 20}})
	if err != nil {
		t.Fatal(err)
	}
	seen := d.Unscale(Test, 0, 0, 0)
	for n, want := range []float64{seen + 30, 60 + 3*20} {
		if got := other.Unscale(Test, 0, n, 3); got != want {
			t.Errorf("service %d: 3 is %v, want %v", n, got, want)
		}
	}
}

func TestWithOtherScalers(t *testing.T) {
	d := mustNew(t, counting(100), Options{Window: 3, Target: "up", Features: []estimator.Feature{"down"}})
	before := d.InputScaler()
	other, err := d.WithScalers(
		&features.Scaler{Services: 1, Features: 1, Mean: []float64{-10}, Std: []float64{2}},
		&features.Scaler{Services: 1, Features: 1, Mean: []float64{50}, Std: []float64{10}},
	)
	if err != nil {
		t.Fatal(err)
	}
	// Sample 0 of the test part shows steps 77 to 79 and predicts step 80.
	x, y, labels := make([]float32, 3), make([]float32, 1), make([]float64, 1)
	other.Batch(Test, []int{0}, x, y)
	other.Labels(Test, []int{0}, labels)
	if want := []float32{-33.5, -34, -34.5}; !slices.Equal(x, want) || y[0] != 3 || labels[0] != 80 {
		t.Errorf("inputs %v, label %v scaled %v; want %v, 80 scaled 3", x, labels[0], y[0], want)
	}
	if got := other.Unscale(Test, 0, 0, 3); got != 80 {
		t.Errorf("3 is %v, want 80", got)
	}
	if d.InputScaler() != before {
		t.Error("the dataset that was there has another scaler")
	}
}

func TestWithScalersRejects(t *testing.T) {
	d := mustNew(t, counting(100), Options{Window: 3, Target: "up"})
	one, two := &features.Scaler{Services: 1, Features: 1, Mean: []float64{0}, Std: []float64{1}}, d.InputScaler()
	for name, c := range map[string]struct {
		inputs, labels *features.Scaler
		want           string
	}{
		"too few features":  {one, one, "the scaler of the inputs is for 1 services and 1 features"},
		"too many features": {two, two, "that of the labels for 1 and 2; want 2 features and 1"},
		"deviation of 0":    {two, &features.Scaler{Services: 1, Features: 1, Mean: []float64{0}, Std: []float64{0}}, "labels: scaler has mean 0"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := d.WithScalers(c.inputs, c.labels); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

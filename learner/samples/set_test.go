package samples

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

// counting has one service and features t and -t at step t.
func counting(steps int) *estimator.Window {
	s := blank(steps, time.Minute, fakehistory.Named("a"), "up", "down")
	for t := range steps {
		s.Set(0, t, 0, float64(t))
		s.Set(0, t, 1, float64(-t))
	}
	return s
}

func mustNew(t testing.TB, s *estimator.Window, o Options) *Set {
	t.Helper()
	d, err := New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSamplesOfParts(t *testing.T) {
	for _, tc := range []struct {
		steps, window int
		horizons      []int
		split         Split
	}{
		{100, 12, []int{1}, DefaultSplit()},
		{100, 12, []int{1, 4, 10}, DefaultSplit()},
		{100, 1, []int{5}, Split{0.5, 0.25, 0.25}},
		{60, 20, []int{3, 4}, Split{0.8, 0, 0.2}},
		{30, 2, []int{1, 2, 3}, Split{1, 0, 0}},
	} {
		s := counting(tc.steps)
		d := mustNew(t, s, Options{Window: tc.window, Horizons: tc.horizons, Target: "up", Features: []estimator.Feature{"down", "up"}, Split: tc.split})
		seen := map[int]Part{} // which part a step is a label of
		for p := Train; p <= Test; p++ {
			r := d.Range(p)
			for i := range d.Samples(p) {
				origin := d.Origin(p, i)
				x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
				d.Batch(p, []int{i}, x, y)
				for k := range tc.window {
					want := float64(origin - tc.window + 1 + k)
					down, up := d.InputScaler().Invert(0, 0, float64(x[2*k])), d.InputScaler().Invert(0, 1, float64(x[2*k+1]))
					if math.Abs(down+want) > 1e-4 || math.Abs(up-want) > 1e-4 {
						t.Fatalf("%v sample %d: step %d shows %v and %v, want ∓%v", p, i, k, down, up, want)
					}
				}
				for h, ahead := range tc.horizons {
					label := int(math.Round(d.Unscale(p, i, 0, float64(y[h]))))
					if label != origin+ahead {
						t.Fatalf("%v sample %d: label %d is %d, want %d", p, i, h, label, origin+ahead)
					}
					if other, ok := seen[label]; ok && other != p || label < r.From || label >= r.To {
						t.Fatalf("step %d is a label of the %v part %v and of the %v part", label, p, r, other)
					}
					seen[label] = p
				}
				if !d.Time(p, i).Equal(s.Time(origin)) {
					t.Fatalf("%v sample %d is of %v, want %v", p, i, d.Time(p, i), s.Time(origin))
				}
			}
		}
		// Nothing is left out but what the window needs and what has not all
		// its labels in one part.
		furthest := slices.Max(tc.horizons)
		if want := tc.steps; len(seen) < want-tc.window-3*furthest {
			t.Errorf("%+v: %d of %d steps are labels", tc, len(seen), want)
		}
	}
}

func TestShortestHistory(t *testing.T) {
	for _, o := range []Options{
		{Target: "up"},
		{Target: "up", Window: 5, Horizons: []int{1, 4, 10}},
		{Target: "up", Window: 1, Horizons: []int{7}, Split: Split{0.01, 0.01, 0.98}},
		{Target: "up", Window: 30, Split: Split{1, 0, 0}},
	} {
		_, err := New(counting(3), o)
		if err == nil {
			t.Fatalf("%+v: three steps are enough", o)
		}
		var need int
		text := err.Error()
		if _, err := fmt.Sscanf(text[strings.Index(text, "need at least"):], "need at least %d", &need); err != nil || !strings.Contains(text, "the history has 3 steps") {
			t.Fatalf("error %q, want the steps there are and those needed", text)
		}
		if _, err := New(counting(need-1), o); err == nil {
			t.Errorf("%+v: %d steps are too few, but %d were enough", o, need, need-1)
		}
		d := mustNew(t, counting(need), o)
		for p := Train; p <= Test; p++ {
			if share := []float64{d.Options().Split.Train, d.Options().Split.Validation, d.Options().Split.Test}[p]; share > 0 && d.Samples(p) == 0 {
				t.Errorf("%+v: no sample in the %v part of %d steps", o, p, need)
			}
		}
	}
}

func TestOptionErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    Options
		want string
	}{
		{"window", Options{Target: "up", Window: -1}, "window is -1 steps"},
		{"horizon 0", Options{Target: "up", Horizons: []int{0, 1}}, "horizons are [0 1]"},
		{"descending", Options{Target: "up", Horizons: []int{4, 1}}, "horizons are [4 1]"},
		{"target", Options{}, `label: there is no feature "replicas"; the features are ["up" "down"]`},
		{"feature", Options{Target: "up", Features: []estimator.Feature{"left"}}, `no feature "left"`},
		{"split", Options{Target: "up", Split: Split{0.5, 0.1, 0.1}}, "split: the parts add up to 0.7"},
		{"scale", Options{Target: "up", Scale: "log"}, `scale is "log", want "service" or "global"`},
		{"anchor", Options{Target: "up", Anchor: "zero"}, `anchor is "zero", want one of ["level" "change" "demand" "analytic"]`},
		{"anchor without feature", Options{Target: "up", Features: []estimator.Feature{"down"}, Anchor: features.AnchorChange}, `needs the target "up" among the features`},
		{"anchor with other label", Options{Target: "up", Anchor: features.AnchorChange, Label: Required{}}, `needs the target "up" itself as the label`},
		{"required without features", Options{Label: Required{}}, `no feature "replicas"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := New(counting(200), tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	s := counting(100)
	for t := range 70 {
		s.Set(0, t, 0, nan)
	}
	if _, err := New(s, Options{Target: "up"}); err == nil || !strings.Contains(err.Error(), "none of the 70 steps of the training part has a label") {
		t.Errorf("no label in training: error %v, want one that says so", err)
	}
}

// A sample whose labels are all missing is left out; what its window misses is the
// last sample there, or the mean, which is 3 with a deviation of 1.
func TestGaps(t *testing.T) {
	d := mustNew(t, single(2, 4, nan, nan, nan, 4, nan, 2, nan, nan), Options{Target: "x", Window: 4, Split: Split{1, 0, 0}})
	want := map[int][]float32{4: {1, 1, 1, 1}, 6: {0, 0, 1, 1}}
	if d.Samples(Train) != len(want) {
		t.Fatalf("origins are %v, want 4 and 6", d.origins[Train])
	}
	for i := range d.Samples(Train) {
		x, y := make([]float32, 4), make([]float32, 1)
		d.Batch(Train, []int{i}, x, y)
		if diff := cmp.Diff(want[d.Origin(Train, i)], x, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("inputs of origin %d (-want +got):\n%s", d.Origin(Train, i), diff)
		}
	}
}

// What a sample shows must not depend on anything that came later than its
// origin, apart from what was fitted in training.
func TestNoSampleLooksAhead(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	s := fakehistory.Random(r, 200, 3, 2)
	o := Options{Target: "feature 0", Horizons: []int{1, 3}}
	before := mustNew(t, s, o)
	changed := *s
	changed.Values = slices.Clone(s.Values)
	p, i := Test, before.Samples(Test)/2
	for k := (before.Origin(p, i) + 1) * 6; k < len(changed.Values); k++ {
		changed.Values[k] = r.NormFloat64()
	}
	after := mustNew(t, &changed, o)
	x, again := make([]float32, before.InputLen()), make([]float32, before.InputLen())
	y := make([]float32, before.LabelLen())
	before.Batch(p, []int{i}, x, y)
	after.Batch(p, []int{i}, again, y)
	if diff := cmp.Diff(x, again); diff != "" {
		t.Errorf("inputs depend on the future:\n%s", diff)
	}
}

func TestUnscale(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	s := blank(300, time.Minute, fakehistory.Named("a", "b", "c"), "x", "y")
	for i := range s.Values {
		s.Values[i] = 100 + 10*r.NormFloat64()
		if r.IntN(4) == 0 {
			s.Values[i] = nan
		}
	}
	for _, anchor := range []features.Anchor{features.AnchorLevel, features.AnchorChange} {
		for _, scale := range []features.ScaleMode{features.ScalePerService, features.ScaleGlobal} {
			d := mustNew(t, s, Options{Target: "y", Window: 3, Horizons: []int{1, 2}, Anchor: anchor, Scale: scale})
			indices := []int{5, 0, 3}
			x, y := make([]float32, 3*d.InputLen()), make([]float32, 3*d.LabelLen())
			got, want := make([]float64, len(y)), make([]float64, len(y))
			d.Batch(Validation, indices, x, y)
			d.UnscaleBatch(Validation, indices, y, got)
			d.Labels(Validation, indices, want)
			if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-5, 0)); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", anchor, scale, diff)
			}
		}
	}
	d := mustNew(t, scaledAtRandom(300), Options{Label: Required{}, Horizons: []int{1, 2}, Anchor: features.AnchorDemand})
	for i := range d.Samples(Test) {
		x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
		got, want := make([]float64, len(y)), make([]float64, len(y))
		d.Batch(Test, []int{i}, x, y)
		d.UnscaleBatch(Test, []int{i}, y, got)
		d.Labels(Test, []int{i}, want)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-5, 0)); diff != "" {
			t.Fatalf("demand, sample %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestAnchorChange(t *testing.T) {
	values := []float64{10, 12, nan, 11, nan, nan, 13, 14}
	s := single(values...)
	d := mustNew(t, s, Options{Target: "x", Window: 2, Split: Split{1, 0, 0}, Anchor: features.AnchorChange})
	std, mean := d.LabelScaler().Std[0], d.LabelScaler().Mean[0]
	// The anchors are what a window of two steps knows. Of the origins 1 to 6, 1, 3
	// and 4 have no label.
	anchors := map[int]float64{2: 12, 5: mean, 6: 13}
	if d.Samples(Train) != len(anchors) {
		t.Fatalf("origins are %v, want 2, 5 and 6", d.origins[Train])
	}
	for i, origin := range d.origins[Train] {
		anchor := anchors[origin]
		x, y := make([]float32, 2), make([]float32, 1)
		d.Batch(Train, []int{i}, x, y)
		want := float32((values[origin+1] - anchor) / std)
		if diff := cmp.Diff(want, y[0], cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("label of sample %d (-want +got):\n%s", i, diff)
		}
		if got := d.Unscale(Train, i, 0, 0); math.Abs(got-anchor) > 1e-9 {
			t.Errorf("sample %d: a prediction of 0 means %v, want %v", i, got, anchor)
		}
	}
}

// BenchmarkFortnight makes the samples of 14 days of Train-Ticket, 41 services in
// 40,320 steps with a gap in one of a hundred, and shows each of them once.
func BenchmarkFortnight(b *testing.B) {
	r := rand.New(rand.NewPCG(23, 24))
	s := fakehistory.Random(r, 40_320, 41, 5)
	for i := range s.Values {
		s.Values[i] = 100 + r.NormFloat64()
		if r.IntN(100) == 0 {
			s.Values[i] = nan
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		d, err := New(s, Options{Target: "feature 0", Horizons: []int{1, 2, 3, 4, 5}})
		if err != nil {
			b.Fatal(err)
		}
		x, y := make([]float32, d.InputLen()), make([]float32, d.LabelLen())
		index := []int{0}
		for index[0] = range d.Samples(Train) {
			d.Batch(Train, index, x, y)
		}
	}
}

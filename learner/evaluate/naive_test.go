package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/samples"
)

var nan = math.NaN()

func cut(t *testing.T, s *estimator.Window, o samples.Options) *samples.Set {
	t.Helper()
	d, err := samples.New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// single returns a history of one service and one feature.
func single(values ...float64) *estimator.Window {
	w := estimator.NewWindow([]estimator.Service{{Name: "a"}}, []estimator.Feature{"x"}, len(values), time.Minute, time.Unix(0, 0).UTC())
	w.Values = values
	return w
}

func wave(steps int, step time.Duration, value func(t, n int) float64) *estimator.Window {
	s := estimator.NewWindow([]estimator.Service{{Name: "a"}, {Name: "b"}}, []estimator.Feature{"x"}, steps, step, time.Unix(0, 0).UTC())
	for t := range steps {
		for n := range 2 {
			s.Set(n, t, 0, value(t, n))
		}
	}
	return s
}

func TestPersistence(t *testing.T) {
	values := []float64{nan, nan, 4, nan, 6, 8, nan, nan}
	s := single(values...)
	d := cut(t, s, samples.Options{Target: "x", Window: 1, Horizons: []int{1, 2}, Split: samples.Split{Train: 1}})
	got := make([]float64, 2*d.Samples(samples.Train))
	Persistence(d)(samples.Train, []int{0, 1, 2, 3, 4}, got)
	if diff := cmp.Diff([]float64{6, 6, 6, 6, 4, 4, 4, 4, 6, 6}, got); diff != "" {
		t.Errorf("predictions (-want +got):\n%s", diff)
	}
}

func TestSeasonalNaive(t *testing.T) {
	values := []float64{0, 1, 2, 10, nan, 12, 20, 21, 22, nan, nan, nan}
	s := single(values...)
	d := cut(t, s, samples.Options{Target: "x", Window: 1, Horizons: []int{1, 3, 4}, Split: samples.Split{Train: 1}})
	got := make([]float64, 3*d.Samples(samples.Train))
	SeasonalNaive(d, 3)(samples.Train, []int{0, 1, 2, 3, 4, 5, 6, 7}, got)
	want := []float64{
		0, 0, 0, // nothing a season ago: persistence
		1, 1, 1,
		0, 2, 0,
		1, 10, 1,
		2, 1, 2, // a season ago is missing: the one before
		10, 12, 10,
		1, 20, 1, // 7 was a season after 4, which is missing, and that one after 1
		12, 21, 12,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("predictions (-want +got):\n%s", diff)
	}
}

func TestSeason(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	sine := func(period, noise float64) func(t, n int) float64 {
		return func(t, n int) float64 {
			return math.Sin(2*math.Pi*float64(t)/period+float64(n)/4) + noise*r.NormFloat64()
		}
	}
	for _, tc := range []struct {
		name      string
		s         *estimator.Window
		part      samples.Part
		low, high int
	}{
		{"a day when there is one", wave(2000, 5*time.Minute, sine(100, 0.1)), samples.Test, 288, 288},
		{"a day when there are two", wave(2000, 5*time.Minute, sine(100, 0.1)), samples.Train, 288, 288},
		{"a day without a day before", wave(500, 5*time.Minute, sine(40, 0.1)), samples.Train, 40, 40},
		{"found", wave(1000, 30*time.Second, sine(60, 0)), samples.Test, 60, 60},
		{"found in noise", wave(1000, 30*time.Second, sine(60, 0.5)), samples.Test, 58, 62},
		{"pulses", wave(1000, 30*time.Second, func(t, _ int) float64 { return float64(t % 47 / 40) }), samples.Test, 47, 47},
		{"with gaps", wave(1000, 30*time.Second, func(t, n int) float64 {
			if r.IntN(3) == 0 {
				return nan
			}
			return sine(80, 0.1)(t, n)
		}), samples.Test, 79, 81},
		{"constant", wave(1000, 30*time.Second, func(_, _ int) float64 { return 3 }), samples.Test, 1, 1},
		{"steps longer than a day", wave(1000, 36*time.Hour, sine(30, 0)), samples.Test, 30, 30},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Season(cut(t, tc.s, samples.Options{Target: "x"}), tc.part); got < tc.low || got > tc.high {
				t.Errorf("season is %d steps, want %d to %d", got, tc.low, tc.high)
			}
		})
	}
}

func TestTallyOfPredictors(t *testing.T) {
	s := wave(400, 30*time.Second, func(t, n int) float64 { return float64(10*(n+1) + t%8) })
	d := cut(t, s, samples.Options{Target: "x", Horizons: []int{1, 8}})
	all, _ := tally(d, samples.Test, SeasonalNaive(d, 8))
	seasonal := all.Overall()
	if want := 2 * 2 * d.Samples(samples.Test); seasonal.Count != want || seasonal.MAE != 0 || seasonal.RMSE != 0 || seasonal.MAPE != 0 {
		t.Errorf("what repeats is predicted with %+v, want no error in %d labels", seasonal, want)
	}
	persistence, _ := tally(d, samples.Test, Persistence(d))
	if one, eight := persistence.Horizon(0).MAE, persistence.Horizon(1).MAE; one < 1 || eight != 0 {
		t.Errorf("persistence is wrong by %v after a step and %v after a season, want more than 1 and 0", one, eight)
	}
}

// A prediction above a lower bound is right, unless it is no number.
func TestTallyOfLowerBounds(t *testing.T) {
	e := NewTally([]int{1})
	e.Add([]float64{5, 1, 5, math.Inf(1), 4}, []float64{3, 3, 3, 3, nan}, []bool{true, true, false, true, true})
	want := Metrics{Count: 3, Missed: 1, MAE: 4.0 / 3, RMSE: math.Sqrt(8.0 / 3), MAPE: 400.0 / 9}
	if diff := cmp.Diff(want, e.Overall(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTally(t *testing.T) {
	e := NewTally([]int{1, 4})
	e.Add([]float64{1, 5, 3, nan}, []float64{2, 2, nan, 7}, nil)
	e.Add([]float64{-3, 1e-9}, []float64{0, 1e-7}, nil)
	for _, tc := range []struct {
		name      string
		got, want Metrics
	}{
		{"first", e.Horizon(0), Metrics{Count: 2, MAE: 2, RMSE: math.Sqrt(5), MAPE: 50}},
		{"second", e.Horizon(1), Metrics{Count: 2, Missed: 1, MAE: 1.5, RMSE: math.Sqrt(4.5), MAPE: 150}},
		{"overall", e.Overall(), Metrics{Count: 4, Missed: 1, MAE: 1.75, RMSE: math.Sqrt(4.75), MAPE: 100}},
		{"none", NewTally([]int{1}).Overall(), Metrics{MAE: nan, RMSE: nan, MAPE: nan}},
	} {
		if diff := cmp.Diff(tc.want, tc.got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestNaiveForecastsDoNotLookAhead(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	s := wave(200, time.Minute, func(_, _ int) float64 { return r.NormFloat64() })
	o := samples.Options{Target: "x", Horizons: []int{1, 3}}
	before := cut(t, s, o)
	i := before.Samples(samples.Test) / 2
	changed := *s
	changed.Values = slices.Clone(s.Values)
	for k := (before.Origin(samples.Test, i) + 1) * len(s.Services); k < len(changed.Values); k++ {
		changed.Values[k] = r.NormFloat64()
	}
	after := cut(t, &changed, o)
	one, two := make([]float64, before.LabelLen()), make([]float64, before.LabelLen())
	for name, predictors := range map[string][2]Predictor{
		"persistence": {Persistence(before), Persistence(after)},
		"seasonal":    {SeasonalNaive(before, 7), SeasonalNaive(after, 7)},
		"found":       {SeasonalNaive(before, Season(before, samples.Test)), SeasonalNaive(after, Season(after, samples.Test))},
	} {
		predictors[0](samples.Test, []int{i}, one)
		predictors[1](samples.Test, []int{i}, two)
		if diff := cmp.Diff(one, two); diff != "" {
			t.Errorf("%s depends on the future:\n%s", name, diff)
		}
	}
}

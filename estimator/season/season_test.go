package season_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/season"
)

const (
	step  = 30 * time.Second
	ahead = 3
	hour  = 120 // steps
)

func start() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

// history returns one of two services, the second of which is called twice per request to the
// first, under a load with 5 % of noise.
func history(steps int, load func(t int) float64) *estimator.Window {
	random := rand.New(rand.NewPCG(1, 2))
	services := []estimator.Service{{Namespace: "shop", Name: "a"}, {Namespace: "shop", Name: "b"}}
	w := estimator.NewWindow(services, []estimator.Feature{estimator.CPU, estimator.Requests}, steps, step, start().Add(time.Duration(steps-1)*step))
	for t := range steps {
		v := load(t) * (1 + 0.05*random.NormFloat64())
		w.Set(0, t, 1, v)
		w.Set(1, t, 1, 2*v*(1+0.05*random.NormFloat64()))
	}
	return w
}

// coarse returns every so many steps of a history.
func coarse(w *estimator.Window, steps int) *estimator.Window {
	out := estimator.NewWindow(w.Services, w.Features, w.Steps/steps, time.Duration(steps)*w.Step, w.Time(w.Steps-steps))
	for t := range out.Steps {
		for n := range w.Services {
			copy(out.Row(n, t), w.Row(n, t*steps))
		}
	}
	return out
}

// bursts are four times the load in the last eight of every 60 steps.
func bursts(t int) float64 {
	if t%60 >= 52 {
		return 400
	}
	return 100
}

func sine(period int) func(int) float64 {
	return func(t int) float64 { return 100 + 60*math.Sin(2*math.Pi*float64(t)/float64(period)) }
}

func TestFitFindsThePeriod(t *testing.T) {
	const day = 24 * hour
	jobs := func(t int) float64 { // three a day
		if at := t % day; at%(day/4) < 60 && at > day/8 {
			return 300
		}
		return sine(day)(t)
	}
	weekend := func(t int) float64 {
		if t/day%7 >= 5 {
			return 60
		}
		return jobs(t)
	}
	for name, c := range map[string]struct {
		history  *estimator.Window
		from, to time.Duration
	}{
		"bursts":            {history(600, bursts), 30 * time.Minute, 30 * time.Minute},
		"no round number":   {history(2400, sine(601)), 299 * time.Minute, 302 * time.Minute},
		"days":              {history(3*day, jobs), 24 * time.Hour, 24 * time.Hour},
		"weeks":             {coarse(history(21*day, weekend), 10), 7 * 24 * time.Hour, 7 * 24 * time.Hour},
		"less than two":     {history(900, sine(601)), 0, 0},
		"noise":             {history(1000, func(int) float64 { return 100 }), 0, 0},
		"a window sees it":  {history(1000, sine(8)), 0, 0},
		"idle all the time": {history(1000, func(int) float64 { return 0 }), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := season.Fit(c.history, nil, ahead)
			if err != nil {
				t.Fatal(err)
			}
			if f == nil {
				if c.from > 0 {
					t.Fatal("no season")
				}
				return
			}
			if d := f.Duration(); d < c.from || d > c.to {
				t.Errorf("the period is %v, want %v to %v", d, c.from, c.to)
			}
			if err := f.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARandomWalkHasNoSeason(t *testing.T) {
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 3))
		level := 100.0
		f, err := season.Fit(history(3000, func(int) float64 {
			level = max(20, level*math.Exp(0.1*random.NormFloat64()))
			return level
		}), nil, ahead)
		if err != nil || f != nil {
			t.Errorf("seed %d: %+v, error %v", seed, f, err)
		}
	}
}

func TestFitWithoutRequests(t *testing.T) {
	w, err := history(600, bursts).Select([]estimator.Feature{estimator.CPU})
	if err != nil {
		t.Fatal(err)
	}
	if f, err := season.Fit(w, nil, ahead); err == nil {
		t.Errorf("season %v, want an error", f)
	}
}

// fitted returns the season of bursts.
func fitted(t *testing.T) *season.Fitted {
	t.Helper()
	f, err := season.Fit(history(600, bursts), nil, ahead)
	if err != nil || f == nil {
		t.Fatalf("season %v, error %v", f, err)
	}
	return f
}

// seen returns twelve steps of a load up to a step, and the time of that.
func seen(load func(int) float64, until int) (season.Load, time.Time) {
	rates := make([]float64, 12)
	for i := range rates {
		rates[i] = load(until - len(rates) + 1 + i)
	}
	return season.Load{Rates: rates}, start().Add(time.Duration(until) * step)
}

func TestAhead(t *testing.T) {
	s := fitted(t).Season
	shifted := func(t int) float64 { return bursts(t + 30) }
	louder := func(t int) float64 { return 1.5 * bursts(t) }
	late := func(t int) float64 { return bursts(t - 1) }
	quiet := func(int) float64 { return 100 }
	const day = 6000 // steps: long after the history
	for name, c := range map[string]struct {
		load          func(int) float64
		until         int
		third         float64 // step ahead
		lowest, above float64 // gate
	}{
		"before a burst":         {bursts, day + 50, 400, 0.9, 1},
		"before its end":         {bursts, day + 58, 100, 0.9, 1},
		"louder than usual":      {louder, day + 50, 600, 0.9, 1},
		"a step late":            {late, day + 54, 400, 0.8, 1},
		"the burst stays out":    {quiet, day + 56, 400, 0, 0.35},
		"a burst at other times": {shifted, day + 26, 100, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rates, end := seen(c.load, c.until)
			o := s.Ahead("shop/a", rates, end, ahead)
			if math.Abs(o.Rates[2]/c.third-1) > 0.1 || o.Trust[2] < c.lowest || o.Trust[2] > c.above {
				t.Errorf("%.4g three steps ahead trusted %.2f, want %v at %v to %v", o.Rates[2], o.Trust[2], c.third, c.lowest, c.above)
			}
		})
	}
}

// TestAheadKnowsHowHighTheLastPeakWas: the profile of a saturated history has to guess.
func TestAheadKnowsHowHighTheLastPeakWas(t *testing.T) {
	s := fitted(t).Season
	const until = 6050 // before a burst
	for name, c := range map[string]struct{ peak, want float64 }{
		"as high as ever":     {1, 400},
		"lower":               {0.75, 300},
		"higher":              {1.25, 500},
		"not a peak any more": {0.25, 400},
	} {
		_, end := seen(bursts, until)
		var l season.Load
		for step := until - 79; step <= until; step++ {
			rate := bursts(step)
			if rate > 100 {
				rate *= c.peak
			}
			l.Rates = append(l.Rates, rate)
		}
		if got := s.Ahead("shop/a", l, end, ahead).Rates[2]; math.Abs(got/c.want-1) > 0.1 {
			t.Errorf("%s: %.4g expected, want %v", name, got, c.want)
		}
	}
}

func TestAheadKnowsNothing(t *testing.T) {
	s := fitted(t).Season
	rates, end := seen(bursts, 650)
	missing := make([]float64, 12)
	for i := range missing {
		missing[i] = math.NaN()
	}
	for name, o := range map[string]season.Outlook{
		"of a new service":  s.Ahead("shop/c", rates, end, ahead),
		"without telemetry": s.Ahead("shop/a", season.Load{Rates: missing}, end, ahead),
		"of no steps":       s.Ahead("shop/a", season.Load{}, end, ahead),
	} {
		if len(o.Rates) != ahead || slices.Max(o.Trust) != 0 {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestOneGapAndOneOutageAreNoSeason(t *testing.T) {
	w := history(600, bursts)
	for t := 120; t < 140; t++ {
		w.Set(0, t, 1, 0)
	}
	for t := 300; t < 400; t++ {
		w.Set(0, t, 1, math.NaN())
	}
	f, err := season.Fit(w, nil, ahead)
	if err != nil || f == nil {
		t.Fatalf("season %v, error %v", f, err)
	}
	rates, end := seen(bursts, 6000+5)
	if o := f.Season.Ahead("shop/a", rates, end, ahead); math.Abs(o.Rates[2]-100) > 20 {
		t.Errorf("expects %.4g, want 100", o.Rates[2])
	}
}

func TestWhatAHistoryShowsIsUnseenInIt(t *testing.T) {
	// The third of ten cycles has another burst, which only a season that saw it expects.
	const odd = 2*60 + 20
	f, err := season.Fit(history(600, func(t int) float64 {
		if t >= odd && t < odd+8 {
			return 300
		}
		return bursts(t)
	}), nil, ahead)
	if err != nil || f == nil {
		t.Fatalf("season %v, error %v", f, err)
	}
	rates, end := seen(func(int) float64 { return 100 }, odd-1)
	if o := f.Ahead("shop/a", rates, end, ahead); o.Rates[2] > 115 {
		t.Errorf("within its history it expects %.4g, want 100", o.Rates[2])
	}
	if f.Unseen(start().Add(601*step)) != f.Season || f.Unseen(start().Add(-step)) != f.Season {
		t.Error("outside of its history something is left out")
	}
}

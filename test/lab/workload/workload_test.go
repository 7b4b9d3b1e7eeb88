package workload

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

func boutique(t *testing.T) *app.Application {
	t.Helper()
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func generator(t *testing.T, text string) *Generator {
	t.Helper()
	g, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func part(t *testing.T, text string, s Span) *Load {
	t.Helper()
	l, err := generator(t, text).Make(boutique(t), 100, s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// random are the generators in which the seed matters.
func random() []string {
	return []string{"sequence", "day", "peaks", "bursts", "jumps", "diurnal", "wikipedia", "fluctuation", "paper", "day:session=shopper"}
}

func TestEveryGenerator(t *testing.T) {
	names := slices.Concat(random(), load.Names(), []string{"sequence:mix=1>2>9,shift=5m,blend=1m", "bursts:mix=checkout-heavy"})
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := Span{Seed: 3, From: time.Hour, Duration: time.Hour}
			l, again := part(t, name, s), part(t, name, s)
			if diff := cmp.Diff(l, again); diff != "" {
				t.Errorf("the same span gives another load:\n%s", diff)
			}
			if len(l.Profile) != 3600 {
				t.Errorf("%d seconds, want 3600", len(l.Profile))
			}
			for second, v := range l.Profile {
				if !(v >= 0) || math.IsInf(v, 0) {
					t.Fatalf("second %d: %v requests/s", second, v)
				}
			}
			if m := l.Mean(); m < 20 || m > 450 {
				t.Errorf("%v requests/s on average around a base of 100", m)
			}
			last := 0.0
			for _, c := range l.Changes {
				if c.At <= last || c.At >= 3600 {
					t.Errorf("weights change at %v s after %v s", c.At, last)
				}
				last = c.At
				if sum := total(c.Weights); math.Abs(sum-1) > 1e-9 {
					t.Errorf("the weights sum to %v", sum)
				}
			}
			if _, err := load.NewOpen(boutique(t), l.Weights, l.Profile, 1, 0, l.Changes...); err != nil {
				t.Errorf("the testbed refuses it: %v", err)
			}
			if g, err := Parse(l.Name); err != nil || g.String() != l.Name {
				t.Errorf("its name %q does not describe it: %v", l.Name, err)
			}
		})
	}
}

func total(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

// A part of a load is the same whatever else of it is asked for.
func TestPartsFitTogether(t *testing.T) {
	for _, name := range random() {
		whole := part(t, name, Span{Seed: 1, Duration: 2 * time.Hour})
		late := part(t, name, Span{Seed: 1, From: time.Hour, Duration: time.Hour})
		if !slices.Equal(whole.Profile[3600:], late.Profile) {
			t.Errorf("%s: the second hour alone differs from that of two", name)
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	for _, name := range random() {
		one := part(t, name, Span{Seed: 1, Duration: 2 * time.Hour})
		two := part(t, name, Span{Seed: 2, Duration: 2 * time.Hour})
		if slices.Equal(one.Profile, two.Profile) {
			t.Errorf("%s: two seeds give the same load", name)
		}
	}
}

// What recurs does so with every seed: the correlation of two periods is high, and that
// with other patterns is not.
func TestRecurring(t *testing.T) {
	for text, least := range map[string]float64{"day:period=1h": 0.9, "peaks": 0.8, "bursts": 0.95} {
		g := generator(t, text)
		period := g.Period()
		if period == 0 {
			t.Fatalf("%s has no period", text)
		}
		one := part(t, text, Span{Seed: 1, Duration: period}).Profile
		other := part(t, text, Span{Seed: 2, From: 3 * period, Duration: period}).Profile
		if c := correlation(one, other); c < least {
			t.Errorf("%s: two periods correlate by %.2f, want %.2f", text, c, least)
		}
	}
	one := part(t, "peaks:pattern=1", Span{Seed: 1, Duration: time.Hour}).Profile
	other := part(t, "peaks:pattern=2", Span{Seed: 1, Duration: time.Hour}).Profile
	if c := correlation(one, other); c > 0.7 {
		t.Errorf("two patterns correlate by %.2f", c)
	}
	if p := generator(t, "jumps").Period(); p != 0 {
		t.Errorf("jumps recur after %v", p)
	}
}

func correlation(a, b []float64) float64 {
	n := float64(len(a))
	ma, mb := total(a)/n, total(b)/n
	var ab, aa, bb float64
	for i := range a {
		ab += (a[i] - ma) * (b[i] - mb)
		aa += (a[i] - ma) * (a[i] - ma)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	return ab / math.Sqrt(aa*bb)
}

func TestMixesTakeTurns(t *testing.T) {
	a := boutique(t)
	l := part(t, "constant:mix=default>checkout-heavy,shift=10m,blend=60s", Span{Seed: 1, From: 5 * time.Minute, Duration: time.Hour})
	first, err := weightsOf(a, "default")
	if err != nil {
		t.Fatal(err)
	}
	second, err := weightsOf(a, "checkout-heavy")
	if err != nil {
		t.Fatal(err)
	}
	at := func(second int) []float64 {
		if m := l.mixAt(second); m > 0 {
			return l.Changes[m-1].Weights
		}
		return l.Weights
	}
	for when, want := range map[int][]float64{
		0: first, 299: first, 300: first, 330: between(first, second, 0.5), 360: second, 899: second,
		930: between(second, first, 0.5), 960: first, 1560: second,
	} {
		if diff := cmp.Diff(want, at(when)); diff != "" {
			t.Errorf("%d s after the start (-want +got):\n%s", when, diff)
		}
	}
}

// The nine patterns ask the services for different things.
func TestPatternsDiffer(t *testing.T) {
	a := boutique(t)
	seen := map[string]bool{}
	for n := range Patterns {
		l := part(t, "constant:mix="+string(rune('1'+n)), Span{Duration: time.Minute})
		v, err := a.Visits(l.Weights)
		if err != nil {
			t.Fatal(err)
		}
		busiest := slices.Index(v.CPU, slices.Max(v.CPU))
		share := int(100 * v.Services[a.Service("checkoutservice")] / v.Requests)
		seen[a.Services[busiest].Name+" "+string(rune('0'+share))] = true
	}
	if len(seen) < 4 {
		t.Errorf("nine patterns, only %d kinds of work: %v", len(seen), seen)
	}
}

// Shorter shapes follow each other sooner: within the same time there are more sharp rises.
func TestSequenceLength(t *testing.T) {
	rises := func(text string) int {
		p := part(t, text, Span{Seed: 1, Duration: 4 * time.Hour}).Profile
		n := 0
		for s := 0; s+60 < len(p); s++ {
			if p[s+60] > 2*p[s] {
				n++
				s += 60
			}
		}
		return n
	}
	if long, short := rises("sequence"), rises("sequence:length=3m"); short < 2*long {
		t.Errorf("%d sharp rises in four hours, %d with shapes of a third of the length, want at least twice as many", long, short)
	}
}

func TestDifficulty(t *testing.T) {
	a := boutique(t)
	lead := 75 * time.Second
	of := func(text string) Difficulty {
		d, err := part(t, text, Span{Seed: 1, Duration: 2 * time.Hour}).Difficulty(a, 0, lead)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := of("constant"); d.Factor != 1 || d.String() != "×1.0 within 1m15s" {
		t.Errorf("a constant load has the difficulty %v", d)
	}
	if d := of("bursts:noise=0"); math.Abs(d.Factor-4) > 0.01 || d.At < 11*time.Minute || d.At > 13*time.Minute {
		t.Errorf("bursts of four have the difficulty %v", d)
	}
	if d := of("diurnal"); d.Factor > 1.3 {
		t.Errorf("a day of 24 h has the difficulty %v", d)
	}
	if d := of("constant:mix=browse-heavy>checkout-heavy"); d.Factor < 1.5 {
		t.Errorf("a shift of the mix has the difficulty %v", d)
	}
	values := []float64{1, 3, 2, 5, 4}
	if diff := cmp.Diff([]int{1, 1, 3, 3, 4}, maxima(values, 1)); diff != "" {
		t.Errorf("maxima (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "no workload",
		"nothing":                   "sequence",
		"day:noise":                 "key=value",
		"day:noise=loud":            "want 0 to 100",
		"day:period=0s":             "want 1s",
		"day:height=3":              "only mix",
		"constant:noise=1":          "no parameter",
		"day:shift=3m":              "two mixes",
		"day:mix=1>2,shift=soon":    "such as",
		"day:mix=1>2,blend=30m":     "no more than it lasts",
		"day:mix=1,session=shopper": "not both",
		"missing.csv":               "no such file",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, have %v", text, want, err)
		}
	}
	for _, text := range []string{"day:mix=nobody", "day:mix=10", "day:session=nobody"} {
		if _, err := generator(t, text).Make(boutique(t), 1, Span{Duration: time.Minute}); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
	if _, err := generator(t, "day").Make(boutique(t), 1, Span{}); err == nil {
		t.Error("an empty span was accepted")
	}
}

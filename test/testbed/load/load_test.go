package load

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func boutique(t *testing.T) *app.Application {
	t.Helper()
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func openUntil(t *testing.T, mix string, p Profile, seed uint64, end float64) []simulation.Visit {
	t.Helper()
	a := boutique(t)
	weights, changes, err := ReadMix(a, mix)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOpen(a, weights, p, seed, 0, changes...)
	if err != nil {
		t.Fatal(err)
	}
	var visits []simulation.Visit
	for {
		v, some := o.Next()
		if !some || v.At >= end {
			return visits
		}
		o.Take()
		visits = append(visits, v)
	}
}

// The rate of requests, steps of journeys, is that of the profile, and the number of
// arrivals in equal times has the variance of a Poisson process.
func TestOpenIsPoissonAtTheRateOfTheProfile(t *testing.T) {
	a := boutique(t)
	const seconds = 6000
	visits := openUntil(t, "", Profile{20, 60}, 3, seconds)
	requests, even := 0, 0
	perPair := make([]float64, seconds/2)
	for _, v := range visits {
		steps := len(a.Users.Journeys[v.Journey].Steps)
		requests += steps
		if int(v.At)%2 == 0 {
			even += steps
		}
		perPair[int(v.At)/2]++
	}
	if rate := float64(requests) / seconds; math.Abs(rate-40) > 0.6 {
		t.Errorf("%.2f requests/s, want 40", rate)
	}
	if share := float64(even) / float64(requests); math.Abs(share-0.25) > 0.01 {
		t.Errorf("%.3f of the requests come in even seconds, want 0.25", share)
	}
	mean := float64(len(visits)) / float64(len(perPair))
	variance := 0.0
	for _, n := range perPair {
		variance += (n - mean) * (n - mean) / float64(len(perPair)-1)
	}
	if ratio := variance / mean; ratio < 0.9 || ratio > 1.1 {
		t.Errorf("variance ÷ mean of the arrivals is %.3f, want 1", ratio)
	}
}

func TestSameSeedSameArrivals(t *testing.T) {
	p := Profile{30}
	one, again, other := openUntil(t, "", p, 1, 300), openUntil(t, "", p, 1, 300), openUntil(t, "", p, 2, 300)
	if !slices.Equal(one, again) {
		t.Error("the same seed gives other arrivals")
	}
	if slices.Equal(one, other) {
		t.Error("another seed gives the same arrivals")
	}
}

// Weights that change take effect from their time on, at an unchanged rate of
// requests.
func TestMixChanges(t *testing.T) {
	a := boutique(t)
	visits := openUntil(t, "0s=default,1000s=checkout-heavy", Profile{40}, 1, 2000)
	var requests, checkouts [2]float64
	for _, v := range visits {
		half := int(v.At / 1000)
		j := a.Users.Journeys[v.Journey]
		requests[half] += float64(len(j.Steps))
		if strings.HasPrefix(j.Name, "checkout") {
			checkouts[half]++
		}
	}
	for half, want := range []float64{1.0 / 30, 10.0 / 102} {
		if rate := requests[half] / 1000; math.Abs(rate-40) > 1.5 {
			t.Errorf("half %d: %.2f requests/s, want 40", half, rate)
		}
		if got := checkouts[half] / requests[half]; math.Abs(got-want) > 0.15*want {
			t.Errorf("half %d: %.4f checkouts per request, want %.4f", half, got, want)
		}
	}
}

func TestReadMixRefuses(t *testing.T) {
	a := boutique(t)
	for text, want := range map[string]string{
		"nobody":                    "no mix",
		"5s=default":                "from 0s",
		"soon=default":              "not a time",
		"default,10s=nobody":        "no mix",
		"0s=default,checkout-heavy": "increase",
	} {
		weights, changes, err := ReadMix(a, text)
		if err == nil {
			_, err = NewOpen(a, weights, Profile{1}, 1, 0, changes...)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, have %v", text, want, err)
		}
	}
}

// A load of nothing ends nothing and does not search for ever.
func TestNoLoad(t *testing.T) {
	if visits := openUntil(t, "", Profile{0}, 1, 1e6); len(visits) != 0 {
		t.Errorf("%d visits at 0 requests/s", len(visits))
	}
}

// The interactive response time law: throughput = users ÷ (response + think).
func TestClosedLoop(t *testing.T) {
	a := boutique(t)
	weights, err := a.Users.Mix("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClosed(weights, 2, Profile{50}, 1)
	if err != nil {
		t.Fatal(err)
	}
	const response, end = 0.5, 4000
	visits, present := 0, map[int]bool{}
	pending := []simulation.Visit{}
	for {
		v, some := c.Next()
		if len(pending) > 0 && (!some || pending[0].At+response <= v.At) {
			c.Done(pending[0].At+response, pending[0])
			delete(present, pending[0].User)
			pending = pending[1:]
			continue
		}
		if v.At > end {
			break
		}
		c.Take()
		if present[v.User] {
			t.Fatalf("user %d begins a visit before the one before has ended", v.User)
		}
		present[v.User] = true
		pending = append(pending, v)
		visits++
	}
	if rate, want := float64(visits)/end, 50/(2+response); math.Abs(rate-want) > 0.02*want {
		t.Errorf("%.2f visits/s, want %.2f", rate, want)
	}
}

func TestProfiles(t *testing.T) {
	for name, c := range map[string]struct{ first, last, least, most float64 }{
		"constant":    {10, 10, 10, 10},
		"slight-rise": {10, 15, 10, 15},
		"slight-fall": {15, 10, 10, 15},
		"sharp-rise":  {10, 30, 10, 30},
		"sharp-fall":  {30, 10, 10, 30},
		"burst":       {10, 10, 10, 40},
	} {
		p, err := Generate(name, 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := []float64{p[0], p[len(p)-1], slices.Min(p), slices.Max(p)}
		for i, want := range []float64{c.first, c.last, c.least, c.most} {
			if math.Abs(got[i]-want) > 0.02*want {
				t.Errorf("%s: first, last, least, most are %.4g, want %+v", name, got, c)
				break
			}
		}
	}
	p, err := Generate("fluctuation", 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Max(p) < 1.5*slices.Min(p) {
		t.Error("the fluctuation hardly fluctuates")
	}
	long, err := Generate(PaperProfile, 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(long) < 3600 {
		t.Errorf("the paper's profile has %d s", len(long))
	}
	if _, err := Generate("flat", 10, 1); err == nil || !strings.Contains(err.Error(), "burst") {
		t.Errorf("the error should name the profiles there are, have %v", err)
	}
	if _, err := Generate("constant", math.NaN(), 1); err == nil {
		t.Error("a load of NaN was accepted")
	}
}

func TestReadCSV(t *testing.T) {
	p, unit, err := ReadCSV(strings.NewReader("second,users\n0,5\n3,7.5\n4,0\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Profile{5, 5, 5, 7.5, 0}, p); diff != "" || unit != Users {
		t.Errorf("unit %s, profile (-want +have):\n%s", unit, diff)
	}
	for doc, want := range map[string]string{
		"":                        "empty",
		"time,rps\n0,1\n":         "second,rps",
		"second,rps\n":            "at least one",
		"second,rps\n1,1\n":       "line 2",
		"second,rps\n0,1\n0,2\n":  "line 3",
		"second,rps\n0,-1\n":      "line 2",
		"second,rps\n0,NaN\n":     "line 2",
		"second,rps\n0,+Inf\n":    "line 2",
		"second,rps\n0,1,2\n":     "line 2",
		"second,rps\n0,1\n9e9,1":  "line 3",
		"second,rps\n0,1\n1,\"\n": "line 3",
	} {
		if _, _, err := ReadCSV(strings.NewReader(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, have %v", doc, want, err)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("second,rps\n0,1\n5,2.5\n")
	f.Add("second,users\n0,1\n1,\"0\"\n")
	f.Add("second,rps\n0,1\n604799,3\n")
	f.Fuzz(func(t *testing.T, doc string) {
		p, unit, err := ReadCSV(strings.NewReader(doc))
		if err != nil {
			return
		}
		if unit != RPS && unit != Users || len(p) == 0 || len(p) > maxSeconds {
			t.Errorf("unit %q, %d seconds", unit, len(p))
		}
		for _, v := range p {
			if !(v >= 0 && v <= maxIntensity) {
				t.Errorf("a load of %v was accepted", v)
			}
		}
	})
}

package queueing

import (
	"math"
	"testing"
)

// The values are those of published Erlang tables, and closed forms for one and
// two servers.
func TestErlangMatchesTables(t *testing.T) {
	tests := []struct {
		servers int
		offered float64
		b, c    float64
	}{
		{1, 0.5, 1.0 / 3, 0.5},
		{2, 1, 0.2, 1.0 / 3},
		{2, 1.6, 0.3298969, 0.7111111},
		{5, 3, 0.1100543, 0.2361520},
		{10, 5, 0.0183846, 0.0361054},
		{10, 9, 0.1679632, 0.6687315},
	}
	for _, tt := range tests {
		b := erlangB(tt.servers, tt.offered)
		c := erlangC(float64(tt.servers), tt.offered, b)
		if math.Abs(b-tt.b) > 2e-5 || math.Abs(c-tt.c) > 2e-5 {
			t.Errorf("%d servers, %v erlangs: B = %.7f, C = %.7f, want %.7f and %.7f", tt.servers, tt.offered, b, c, tt.b, tt.c)
		}
	}
}

// TestErlangStaysExactForManyServers compares the recurrence with the
// definition, summed in logarithms.
func TestErlangStaysExactForManyServers(t *testing.T) {
	for _, n := range []int{100, 1_000, 10_000} {
		for _, utilisation := range []float64{0.5, 0.9, 0.99, 0.999} {
			a := utilisation * float64(n)
			term := func(k int) float64 {
				factorial, _ := math.Lgamma(float64(k) + 1)
				return float64(k)*math.Log(a) - factorial
			}
			top, sum := term(n), 0.0
			for k := 0; k <= n; k++ {
				sum += math.Exp(term(k) - top)
			}
			want := 1 / sum
			got := erlangB(n, a)
			if math.Abs(got-want) > 1e-8*want+1e-300 {
				t.Errorf("B(%d, %v) = %v, want %v", n, a, got, want)
			}
			if c := erlangC(float64(n), a, got); !(c >= got && c <= 1) {
				t.Errorf("C(%d, %v) = %v, want a probability of at least B = %v", n, a, c, got)
			}
		}
	}
}

// meanStretch is the mean response time of M/M/n in service times.
func meanStretch(n, offered float64) float64 {
	if n <= offered {
		return math.Inf(1)
	}
	return 1 + erlangC(n, offered, erlangB(int(n), offered))/(n-offered)
}

func TestServersIsTheLeastThatKeepsTheStretch(t *testing.T) {
	for _, offered := range []float64{0, 0.1, 0.9, 1, 3.7, 42, 900} {
		for _, stretch := range []float64{1.001, 1.2, 2, 5} {
			n := servers(offered, stretch, 0, 2000)
			if got := meanStretch(n, offered); got > stretch && offered > 0 {
				t.Errorf("%v servers for %v erlangs stretch %v times, want at most %v", n, offered, got, stretch)
			}
			if n > 1 && meanStretch(n-1, offered) <= stretch {
				t.Errorf("%v servers for %v erlangs, but %v are enough for a stretch of %v", n, offered, n-1, stretch)
			}
		}
	}
}

func TestServersStaysWithinItsBounds(t *testing.T) {
	if got := servers(3, 1.0000001, 4, 6); got != 6 {
		t.Errorf("an SLO that no number keeps gives %v servers, want the most allowed, 6", got)
	}
	if got := servers(3, 100, 5, 6); got != 5 {
		t.Errorf("a loose SLO gives %v servers, want the least allowed, 5", got)
	}
	if got := servers(1e12, 2, 1.25e12, 2e12); got != 1.25e12 {
		t.Errorf("an absurd load gives %v servers, want the least allowed without a search", got)
	}
}

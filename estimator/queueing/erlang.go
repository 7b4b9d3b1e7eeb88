package queueing

// maxServers bounds the search for servers. Beyond it pooling makes waiting
// vanish at any utilisation below 1, so the least number will do.
const maxServers = 10_000

// servers returns the smallest n within [least, most] at which the mean
// response time in M/M/n is at most stretch service times, for an offered load
// in erlangs; most if none is enough. First come first served and processor
// sharing have the same mean: R/S = 1 + C(n, a)/(n - a).
func servers(offered, stretch, least, most float64) float64 {
	if !(least <= maxServers) {
		return least
	}
	blocking := erlangB(int(least), offered)
	for n := least; n < most && n <= maxServers; n++ {
		if n > offered && 1+erlangC(n, offered, blocking)/(n-offered) <= stretch {
			return n
		}
		blocking = nextErlangB(n+1, offered, blocking)
	}
	return most
}

// erlangB returns the probability that n servers without a queue are all busy.
// The recurrence in n never overflows, unlike the powers and factorials of the
// definition.
func erlangB(n int, offered float64) float64 {
	b := 1.0
	for k := 1; k <= n; k++ {
		b = nextErlangB(float64(k), offered, b)
	}
	return b
}

// nextErlangB returns B(n, a) from B(n-1, a).
func nextErlangB(n, offered, previous float64) float64 {
	return offered * previous / (n + offered*previous)
}

// erlangC returns the probability that a request finds n servers busy and has
// to wait, given B(n, a) and a < n.
func erlangC(n, offered, blocking float64) float64 {
	return blocking / (1 - offered/n*(1-blocking))
}

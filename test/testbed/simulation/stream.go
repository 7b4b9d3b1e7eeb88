package simulation

import (
	"math"
	"math/rand/v2"
)

// stream is a source of random numbers that is a plain value, so that every
// request of a user carries its own.
type stream struct{ pcg rand.PCG }

// newStream returns stream number n of a seed; different numbers are independent.
func newStream(seed, n uint64) stream {
	var s stream
	s.pcg.Seed(seed, n)
	return s
}

// uniform is in [0, 1).
func (s *stream) uniform() float64 { return float64(s.pcg.Uint64()>>11) / (1 << 53) }

// exponential has mean 1.
func (s *stream) exponential() float64 { return -math.Log1p(-s.uniform()) }

// normal is standard normal, by the method of Box and Muller.
func (s *stream) normal() float64 {
	return math.Sqrt(2*s.exponential()) * math.Cos(2*math.Pi*s.uniform())
}

// below is in [0, n).
func (s *stream) below(n int) int { return int(s.uniform() * float64(n)) }

// round returns a whole number of mean v: its floor, or one more.
func (s *stream) round(v float64) int {
	whole := math.Floor(v)
	if fraction := v - whole; fraction > 0 && s.uniform() < fraction {
		whole++
	}
	return int(whole)
}

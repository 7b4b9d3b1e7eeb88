package app

import "fmt"

// Bounds on one session.
const (
	maxStates  = 64
	maxSession = 1000 // expected journeys
)

// Chain returns the session as numbers: the probability of every state as the
// first one, and of every transition. The rest of a row up to 1 is the
// probability that the session ends there.
func (s *Session) Chain() (start []float64, next [][]float64) {
	start = make([]float64, len(s.States))
	next = make([][]float64, len(s.States))
	total := 0.0
	for i, st := range s.States {
		start[i] = s.Start[st.Name]
		total += start[i]
		next[i] = make([]float64, len(s.States))
		for j, to := range s.States {
			next[i][j] = st.Next[to.Name]
		}
	}
	for i := range start {
		start[i] /= total
	}
	return start, next
}

// SessionMix returns the expected number of visits to each journey in one
// session, in their order: the visits of an absorbing Markov chain.
func (u *Users) SessionMix(s *Session) ([]float64, error) {
	now, chain := s.Chain()
	then := make([]float64, len(now))
	weights := make([]float64, len(u.Journeys))
	length := 0.0
	// The share of sessions still running shrinks every round, or else the
	// expected length passes its bound.
	for range 20 * maxSession {
		running := 0.0
		clear(then)
		for i, p := range now {
			running += p
			weights[u.Journey(s.States[i].Journey)] += p
			for j, q := range chain[i] {
				then[j] += p * q
			}
		}
		if running < 1e-12 {
			return weights, nil
		}
		if length += running; length > maxSession {
			break
		}
		now, then = then, now
	}
	return nil, fmt.Errorf("session %s does not end within %d journeys; let the probabilities of some next sum to less than 1", s.Name, maxSession)
}

// Package load generates the behaviour of users: when they arrive and which
// journeys they take.
//
// A [Profile] is an intensity over time, from a CSV file or a generator. [Open] turns
// requests per second into Poisson arrivals that do not wait for answers, [Closed] a
// number of users into visits that do. Both depend only on a seed, so the same seed
// gives the same arrivals (for Closed: the same pauses and choices).
package load

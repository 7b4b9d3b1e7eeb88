// Package load makes what users do: when they come and which journeys they take.
//
// A [Profile] is an intensity over time, from a CSV file or a generator. [Open]
// turns requests per second into Poisson arrivals that do not wait for answers, [Closed]
// a number of users into visits that do. Both draw from a seed alone, so the same
// seed gives the same arrivals (of Closed: the same pauses and choices).
package load

package simulation

// Span is one call that ended, of a request that is traced.
type Span struct {
	// Trace numbers the user's request, from 1.
	Trace uint64
	// Source is the calling service or [Outside], Destination the one called.
	Source, Destination int
	// ID and Parent number the calls of the run, from 1; Parent is 0 for a user's
	// request.
	ID, Parent uint64
	Endpoint   string
	// Start and End are seconds since the start of the simulation.
	Start, End float64
	Code       int
}

// Trace delivers the calls of a fraction of all journeys as they end, children
// before parents. It replaces an earlier one.
func (e *Engine) Trace(fraction float64, deliver func(Span)) {
	e.sampling, e.trace = fraction, deliver
}

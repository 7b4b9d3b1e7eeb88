package simulation

// Outside is the source of calls from users.
const Outside = -1

// Buckets are the upper bounds, in milliseconds, of the buckets in which Istio counts
// response times.
func Buckets() []float64 {
	return []float64{0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000}
}

// Stream is the traffic between two services that ended with one code, cumulative.
type Stream struct {
	// Source and Destination are positions of services; Source may be [Outside].
	Source, Destination int
	// Code is the HTTP status, Flags Envoy's response flags.
	Code  int
	Flags string
	// Count of responses, and the sum of their times in seconds.
	Count   uint64
	Seconds float64
	// Histogram counts the responses in each of [Buckets], not cumulated;
	// responses above the last bound are only in Count.
	Histogram []uint64
}

// traffic is the calls that one replica has answered, by source and outcome.
type traffic struct{ streams []Stream }

func (t *traffic) observe(buckets []float64, source, destination, code int, flags string, seconds float64) {
	s := t.find(source, destination, code, flags, len(buckets))
	s.Count++
	s.Seconds += seconds
	ms := seconds * 1000
	for i, bound := range buckets {
		if ms <= bound {
			s.Histogram[i]++
			return
		}
	}
}

// find searches linearly: a replica has a handful of callers.
func (t *traffic) find(source, destination, code int, flags string, buckets int) *Stream {
	for i := range t.streams {
		s := &t.streams[i]
		if s.Source == source && s.Destination == destination && s.Code == code && s.Flags == flags {
			return s
		}
	}
	t.streams = append(t.streams, Stream{Source: source, Destination: destination, Code: code, Flags: flags, Histogram: make([]uint64, buckets)})
	return &t.streams[len(t.streams)-1]
}

// observe counts a call that has ended, unless its end was counted before.
func (e *Engine) observe(f *frame, code int, flags string) {
	if f.caller == abandoned {
		return
	}
	seconds := e.now - f.start
	s := &e.services[f.service]
	s.totals.Requests++
	s.totals.Seconds += seconds
	if code != ok {
		s.totals.Failures++
	}
	if f.caller == Outside {
		e.responded(seconds, code)
	} else {
		e.services[f.caller].calls[f.service]++
	}
	s.sent.observe(e.buckets, int(f.caller), int(f.service), code, flags, seconds)
	if f.at >= 0 {
		e.replicas[f.at].traffic.observe(e.buckets, int(f.caller), int(f.service), code, flags, seconds)
	}
	if f.span != 0 {
		e.trace(Span{
			Trace: e.users[f.user].number, ID: f.span, Parent: f.parentSpan,
			Source: int(f.caller), Destination: int(f.service), Endpoint: e.programs[f.endpoint].name,
			Start: f.start, End: e.now, Code: code,
		})
	}
}

package demand

import "math"

// parallel is the fraction of its latency below which a service seems to need
// no time of its own, because it calls others at the same time.
const parallel = 0.05

// separateLatencies takes the time spent waiting for callees off the latency of
// every service.
func separateLatencies(logs []*history, calls []Call, train Range) {
	callees := make([][]Call, len(logs))
	for _, e := range calls {
		if e.Source != e.Destination {
			callees[e.Source] = append(callees[e.Source], e)
		}
	}
	for i, log := range logs {
		if len(callees[i]) == 0 {
			continue
		}
		own := make([]float64, len(log.Latency))
		for t, l := range log.Latency {
			for _, e := range callees[i] {
				if v := logs[e.Destination].Latency[t]; !math.IsNaN(v) {
					l -= e.Weight * v
				}
			}
			own[t] = l
			if l < 0 { // false for NaN
				own[t] = 0
			}
		}
		if median(own, train) > parallel*median(log.Latency, train) {
			log.own = own
		}
	}
}

// setTargets shares the SLO among the services and finds the utilisation at
// which each keeps its share.
func (o Objective) setTargets(fitted []Requirement, logs []*history, calls []Call, train Range) {
	entry := entryLatencies(logs, calls, train)
	for i := range fitted {
		f := &fitted[i]
		f.Share = o.Slowdown * f.Unloaded
		if slo := MeanSLO(o.SLO, o.SLOPercentile); !math.IsInf(slo, 1) {
			f.Share = slo / entry[i] * logs[i].calmMedian(logs[i].own, train)
		}
		f.Utilisation = f.target(o.MinUtilisation, o.MaxUtilisation)
	}
}

// entryLatencies returns, for every service, the median response time of the
// slowest entry it is reached from, or its own where that is longer: most
// requests at the entry do not reach a rare and slow service, but those which
// do must keep the SLO too.
func entryLatencies(logs []*history, calls []Call, train Range) []float64 {
	out := make([]float64, len(logs))
	slowest := math.NaN()
	called := make([]bool, len(logs))
	for _, e := range calls {
		called[e.Destination] = called[e.Destination] || e.Source != e.Destination
	}
	for i, log := range logs {
		out[i] = math.NaN()
		m := log.calmMedian(log.Latency, train)
		if !(m <= slowest) && !math.IsNaN(m) {
			slowest = m
		}
		if len(calls) > 0 && !called[i] {
			out[i] = m
		}
	}
	for changed := true; changed; {
		changed = false
		for _, e := range calls {
			if from := out[e.Source]; from > out[e.Destination] || !math.IsNaN(from) && math.IsNaN(out[e.Destination]) {
				out[e.Destination] = from
				changed = true
			}
		}
	}
	for i, v := range out {
		if math.IsNaN(v) {
			v = slowest
		}
		out[i] = v
		if m := logs[i].calmMedian(logs[i].Latency, train); m > v {
			out[i] = m
		}
	}
	return out
}

// median returns that of the known values in the range, NaN without any.
func median(values []float64, r Range) float64 {
	return quantile(known(values[r.From:r.To]), 0.5)
}

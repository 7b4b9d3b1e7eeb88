package main

import (
	"bufio"
	"fmt"
	"math"
	"net/http"
	"strconv"
)

// prometheus answers range queries that are the name of a feature, for services that share
// a noisy wave of load.
type prometheus struct {
	services int
	began    int64 // of the history, seconds since the epoch
}

// ServeHTTP implements [http.Handler].
func (p prometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, out := r.FormValue("query"), bufio.NewWriter(w)
	defer func() { _ = out.Flush() }() // the learner is gone
	if !r.Form.Has("step") {           // the graph, a chain, or a check
		fmt.Fprint(out, `{"status":"success","data":{"resultType":"vector","result":[`)
		for n := 1; query == "calls" && n < p.services; n++ {
			fmt.Fprintf(out, `%s{"metric":{"source_workload_namespace":"shop","source_workload":"service-%02d","destination_workload_namespace":"shop","destination_workload":"service-%02d"},"value":[0,"50"]}`,
				comma(n-1), n-1, n)
		}
		fmt.Fprint(out, `]}}`)
		return
	}
	seconds := func(field string) int64 {
		v, _ := strconv.ParseFloat(r.FormValue(field), 64)
		return int64(v)
	}
	fmt.Fprint(out, `{"status":"success","data":{"resultType":"matrix","result":[`)
	for n := range p.services {
		fmt.Fprintf(out, `%s{"metric":{"namespace":"shop","workload":"service-%02d"},"values":[`, comma(n), n)
		written := 0
		for at := seconds("start"); at <= seconds("end"); at += seconds("step") {
			if at >= p.began {
				fmt.Fprintf(out, `%s[%d,"%.6g"]`, comma(written), at, value(query, n, at))
				written++
			}
		}
		fmt.Fprint(out, `]}`)
	}
	fmt.Fprint(out, `]}}`)
}

func comma(n int) string {
	if n > 0 {
		return ","
	}
	return ""
}

// value is a feature of a service at a time.
func value(feature string, n int, at int64) float64 {
	// Hours of a day, minutes of a wave, and what looks like noise.
	load := 60 * (1.5 + math.Sin(float64(at)/86400*2*math.Pi) + 0.5*math.Sin(float64(at)/900+float64(n)/20) + 0.1*math.Sin(float64(at)*1.7+float64(n)))
	replicas := 4 + math.Floor(load/30)
	switch feature {
	case "replicas":
		return replicas
	case "cpu":
		return load * 0.03 / replicas
	case "latency":
		return 0.02
	case "memory":
		return 0.4
	}
	return load
}
